/* In a `.table-list`, arrow up and down move between the rows' first links; Home and End to the first and last.
   Enter follows the link, as everywhere. */
(() => {
  "use strict";

  const rowLinks = (table) => [...table.querySelectorAll("tbody tr")].map((row) => row.querySelector("a[href]")).filter(Boolean);

  const target = (links, place, key) => {
    switch (key) {
      case "ArrowDown": return links[place + 1];
      case "ArrowUp": return links[place - 1];
      case "Home": return links[0];
      case "End": return links.at(-1);
      default: return undefined;
    }
  };

  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.(".table-list tbody a[href]");
    if (!link || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const links = rowLinks(link.closest("table"));
    const next = target(links, links.indexOf(link.closest("tr").querySelector("a[href]")), event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
})();
