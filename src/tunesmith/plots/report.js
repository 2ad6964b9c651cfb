"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const { options, themed } = globalThis.tunesmithFigures;

  function draw(onDark, width) {
    for (const place of document.querySelectorAll("[data-figure]")) {
      const { data, layout } = themed(figures[place.dataset.figure], onDark);
      if (width) layout.width = width;
      Plotly.react(place, data, layout, options);
    }
  }

  function sort(table, column, head) {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keyed = Array.from(table.tBodies[0].rows, (row) => {
      const cell = row.cells[column];
      const number = cell.dataset.key === undefined ? NaN : Number(cell.dataset.key);
      return { row, number, text: cell.textContent };
    });
    // Numbers before texts, and what is missing last, in both directions.
    const rank = (item) => (Number.isNaN(item.number) ? (item.text ? 1 : 2) : 0);
    keyed.sort((a, b) => {
      if (rank(a) !== rank(b)) return rank(a) - rank(b);
      const order = rank(a) ? a.text.localeCompare(b.text) : a.number - b.number;
      return up ? order : -order;
    });
    table.tBodies[0].append(...keyed.map((item) => item.row));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      head.firstElementChild.addEventListener("click", () => sort(table, column, head));
    });
  }

  if (!window.Plotly) return;
  draw(dark.matches);
  dark.addEventListener("change", () => draw(dark.matches));
  // Paper is white, and narrower than most windows.
  window.addEventListener("beforeprint", () => draw(false, 700));
  window.addEventListener("afterprint", () => draw(dark.matches));
})();
