// The keyboard: everything can be reached with Tab; these are shorter ways.
import { choose, compareChosen } from "./table.js";

export function watchKeys() {
  document.getElementById("help-button").addEventListener("click", () => document.getElementById("help").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches?.("input:not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = { "/": toFilter, j: () => step(1), k: () => step(-1), x: pick, c: compareChosen, "?": help, ArrowLeft: () => turn("prev"), ArrowRight: () => turn("next") }[event.key];
    if (act && act() !== false) event.preventDefault();
  });
}

function toFilter() {
  const field = document.getElementById("filter") ?? document.getElementById("numbers");
  if (!field) return false;
  field.focus();
  field.select();
  return true;
}

function rows() {
  return Array.from(document.querySelectorAll("tr[data-number]"));
}

function current() {
  return document.activeElement?.closest?.("tr[data-number]") ?? null;
}

function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(current());
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  const link = all[next].querySelector("a");
  link.focus({ preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
  return true;
}

function pick() {
  const row = current();
  if (!row) return false;
  choose(row.dataset.number, !row.querySelector("input").checked);
  return true;
}

function turn(where) {
  if (document.activeElement?.closest?.(".scroll, .plot")) return false;
  const link = document.querySelector(`.head a[rel=${where}]`);
  if (!link) return false;
  link.click();
  return true;
}

function help() {
  document.getElementById("help").showModal();
  return true;
}
