/* The menu on a phone, and the choice of colours without a new page. Both work without this file. */
(() => {
  "use strict";

  const menu = document.querySelector("[data-menu]");
  menu?.addEventListener("click", () => {
    const isOpen = document.getElementById(menu.getAttribute("aria-controls")).classList.toggle("is-open");
    menu.setAttribute("aria-expanded", String(isOpen));
  });

  const YEAR_SECONDS = 60 * 60 * 24 * 365;
  const themes = document.querySelector(".theme-form");
  themes?.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = event.submitter.value;
    const root = document.documentElement;
    if (chosen === "auto") root.removeAttribute("data-bs-theme");
    else root.dataset.bsTheme = chosen;
    document.querySelector("meta[name=color-scheme]").content = chosen === "auto" ? "light dark" : chosen;
    document.cookie = `theme=${chosen}; path=/; max-age=${YEAR_SECONDS}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    for (const button of themes.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    document.dispatchEvent(new Event("theme-changed"));
  });

  /* Fields left empty, and columns left as usual, stay out of the address. */
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.target;
    if (!form.matches("form[data-filters]")) return;
    const { parameters } = event.detail;
    for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
    const columns = [...form.querySelectorAll("input[name=col]")];
    if (columns.every((box) => box.checked === ("usual" in box.dataset))) delete parameters.col;
  });

  /* A search field has asked while it was typed in. The `change` it sends when it loses the focus would fetch the same
     list once more, and take the focus from the row it went to. */
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-filters] input[type=search]")) event.stopPropagation();
  }, true);

  /* A menu closes by Escape and by a click elsewhere. */
  const closeMenus = (except) => {
    for (const open of document.querySelectorAll("details.menu[open]")) if (open !== except) open.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
})();
