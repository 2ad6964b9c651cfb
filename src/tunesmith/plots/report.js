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

  // Words that a row must hold, and comparisons of a column with a number: "failed oom", "lr < 0.01 adam".
  function find(table, text) {
    const heads = Array.from(table.tHead.rows[0].cells, (head) => head.textContent.trim().toLowerCase());
    const tests = [];
    const rest = text.toLowerCase().replace(/(\S+)\s*(<=|>=|<|>|=)\s*(\S+)/g, (whole, name, sign, value) => {
      const column = heads.indexOf(name);
      if (column < 0) return whole;
      tests.push((row) => compare(row.cells[column], sign, value));
      return " ";
    });
    for (const word of rest.split(/\s+/).filter(Boolean)) tests.push((row) => row.textContent.toLowerCase().includes(word));
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !tests.every((test) => test(row));
      shown += !row.hidden;
    }
    const count = document.getElementById("found-count");
    count.textContent = tests.length ? `${shown.toLocaleString("en")} of ${table.tBodies[0].rows.length.toLocaleString("en")} rows` : "";
  }

  function compare(cell, sign, value) {
    const key = cell.dataset.key;
    if (key === undefined) return sign === "=" && cell.textContent.trim().toLowerCase() === value;
    const [a, b] = [Number(key), Number(value)];
    return { "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "=": a === b }[sign];
  }

  const field = document.getElementById("find");
  if (field) {
    const table = document.querySelector("table.sortable");
    field.addEventListener("input", () => find(table, field.value));
  }

  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));

  if (!window.Plotly) return;
  draw(dark.matches);
  dark.addEventListener("change", () => draw(dark.matches));
  // Paper is white, and narrower than most windows.
  window.addEventListener("beforeprint", () => draw(false, 700));
  window.addEventListener("afterprint", () => draw(dark.matches));
})();
