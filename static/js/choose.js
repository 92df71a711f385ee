/* Counts the rows that are ticked in a form with `data-choose`, and ticks all rows of the page at once. */
(() => {
  "use strict";

  const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined);

  const tell = (form) => {
    const boxes = [...form.querySelectorAll("input[name=device]")];
    const chosen = boxes.filter((box) => box.checked).length;
    const said = form.querySelector("[data-chosen]");
    if (said) said.textContent = numbers.format(chosen);
    const every = form.querySelector("[data-every]");
    if (every) {
      every.checked = chosen > 0 && chosen === boxes.length;
      every.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-choose]");
    if (!form) return;
    if ("every" in event.target.dataset) {
      for (const box of form.querySelectorAll("input[name=device]")) box.checked = event.target.checked;
    }
    tell(form);
  });
})();
