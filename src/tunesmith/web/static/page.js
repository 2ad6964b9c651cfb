// Fetching pages and putting their parts in place of the old ones. Pages are made by the server alone.

let asked = 0;
let pressed = Promise.resolve();

// What a hand presses stays where it is until the hand lets go: a link that is replaced in between gets no click.
document.addEventListener("pointerdown", ({ button }) => {
  if (button !== 0) return;
  pressed = new Promise((released) => {
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(released), { once: true });
    setTimeout(released, 3000); // it let go where the page does not see it
  });
});

// Parts marked data-live are replaced by those of the same id, unless somebody is typing in them.
// Only the answer to the last question counts: one that comes late may be for a filter that is gone.
export async function refresh(address = location.href) {
  const mine = ++asked;
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  await pressed;
  if (mine !== asked) return answer.ok;
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (old && !isBusy(old)) swap(old, fresh);
  }
  document.dispatchEvent(new CustomEvent("refreshed", { detail: { address, ok: answer.ok } }));
  return answer.ok;
}

// A part that is loaded by itself, because it takes long.
export async function load(part) {
  const answer = await fetch(part.dataset.load);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  const old = document.getElementById(part.id);
  if (fresh && old && !isBusy(old)) swap(old, fresh);
}

function isBusy(part) {
  const active = document.activeElement;
  return part.contains(active) && active.matches("textarea, select, input:not([type=checkbox])");
}

function swap(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const focused = old.contains(document.activeElement) ? pathOf(document.activeElement, old) : null;
  const scrolled = Array.from(old.querySelectorAll(".scroll"), (place) => place.scrollLeft);
  const opened = Array.from(old.querySelectorAll("details"), (place) => place.open);
  old.replaceWith(document.adoptNode(fresh));
  fresh.querySelectorAll(".scroll").forEach((place, index) => (place.scrollLeft = scrolled[index] ?? 0));
  fresh.querySelectorAll("details").forEach((place, index) => (place.open = opened[index] ?? place.open));
  if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

// Where the focus was, in words that hold in the new part: the same link, the same row's box, the same button.
function pathOf(element, part) {
  const row = element.closest("tr[data-number]");
  if (row) return `tr[data-number="${row.dataset.number}"] ${element.matches("input") ? "input" : "a"}`;
  if (element.matches("a[href]")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  if (element.dataset.api) return `[data-api="${CSS.escape(element.dataset.api)}"]`;
  return element.matches(".scroll") ? ".scroll" : `#${CSS.escape(part.id)}`;
}

export function toast(text, isBad = false) {
  const note = document.createElement("p");
  note.textContent = text;
  note.className = isBad ? "toast bad" : "toast";
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), isBad ? 12000 : 5000);
}
