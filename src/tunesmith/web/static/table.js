// The table of trials: filter, order and page are part of the address; the server makes the rows.
import { refresh, toast } from "./page.js";

const chosen = new Set();
let waiting = 0;

export function watchTable() {
  const form = document.querySelector("#trials form.filter");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    filterBy(form.elements.filter.value, { typed: true });
  });
  form.elements.filter.addEventListener("search", () => filterBy(form.elements.filter.value, { typed: true }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('#trials a[href^="?"], #tiles a[href^="?"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(new URL(link.getAttribute("href"), location.href), { jump: link.closest("#tiles") !== null });
  });
  window.addEventListener("popstate", () => go(new URL(location.href), { keep: false }));
  document.addEventListener("change", (event) => {
    const row = event.target.closest?.("tr[data-number]");
    if (row && event.target.matches("input[type=checkbox]")) choose(row.dataset.number, event.target.checked);
  });
  document.addEventListener("refreshed", showChosen);
  document.querySelector("#chosen button").addEventListener("click", () => {
    chosen.clear();
    showChosen();
  });
}

// Show the trials that fit. What is brushed waits until the hand rests.
export function filterBy(text, { typed = false } = {}) {
  clearTimeout(waiting);
  waiting = setTimeout(
    () => {
      const address = new URL(location.href);
      if (text.trim()) address.searchParams.set("filter", text.trim());
      else address.searchParams.delete("filter");
      address.searchParams.delete("page");
      const field = document.getElementById("filter");
      if (!typed) field.value = text.trim();
      go(address);
    },
    typed ? 0 : 120,
  );
}

async function go(address, { keep = true, jump = false } = {}) {
  address.hash = "";
  if (keep && address.href !== location.href) history.pushState(null, "", address);
  const field = document.getElementById("filter");
  if (document.activeElement !== field) field.value = address.searchParams.get("filter") ?? "";
  document.getElementById("trials").setAttribute("aria-busy", "true");
  try {
    const ok = await refresh(address.href);
    field.setAttribute("aria-invalid", String(!ok));
    if (ok) document.dispatchEvent(new CustomEvent("filtered"));
    if (jump) document.getElementById("trials").scrollIntoView({ behavior: "smooth" });
  } catch {
    toast("The server does not answer; is tunesmith ui still running?", true);
  } finally {
    document.getElementById("trials").setAttribute("aria-busy", "false");
  }
}

export function choose(number, isChosen) {
  if (isChosen) chosen.add(number);
  else chosen.delete(number);
  showChosen();
}

export function compareChosen() {
  if (chosen.size) location.href = document.querySelector("#chosen a").href;
}

function showChosen() {
  const bar = document.getElementById("chosen");
  const numbers = [...chosen];
  bar.hidden = numbers.length === 0;
  bar.querySelector("span").textContent = numbers.length === 1 ? `Trial ${numbers[0]} is chosen.` : `${numbers.length} trials are chosen.`;
  bar.querySelector("a").href = `${document.body.dataset.study}/compare?trials=${numbers.join(",")}`;
  for (const row of document.querySelectorAll("tr[data-number]")) {
    row.querySelector("input").checked = chosen.has(row.dataset.number);
    row.classList.toggle("picked", chosen.has(row.dataset.number));
  }
}
