// The stream of changes: it says that something happened; what, the page says when it is asked again.
import { load, refresh } from "./page.js";

let wanted = false;
let working = false;

export function watchChanges() {
  for (const part of document.querySelectorAll("[data-load]")) whenIdle(() => load(part));
  fillLines();
  document.addEventListener("refreshed", fillLines);
  const { changes } = document.body.dataset;
  if (!changes) return;
  let first = true;
  let stream = null;
  const open = () => {
    stream = new EventSource(changes);
    stream.onopen = () => say("");
    stream.onerror = () => say("reconnecting…");
    stream.onmessage = () => {
      // The first message says how far the log has come; a page that was opened this moment has seen that.
      if (!first) work();
      first = false;
    };
  };
  open();
  // Pages that nobody sees need no stream: browsers allow only six connections to a server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stream.close();
    else {
      first = false;
      open();
    }
  });
  window.addEventListener("pagehide", () => stream.close());
}

function whenIdle(act) {
  const later = window.requestIdleCallback ?? ((wake) => setTimeout(wake, 200));
  later(act, { timeout: 3000 });
}

// One refresh at a time, and never more than a fifth of the time: a large study takes the server a moment.
async function work() {
  wanted = true;
  if (working) return;
  working = true;
  while (wanted) {
    wanted = false;
    const began = performance.now();
    try {
      await refresh();
      for (const part of document.querySelectorAll("[data-load]")) await load(part);
    } catch {
      say("reconnecting…");
    }
    const took = performance.now() - began;
    await new Promise((wake) => setTimeout(wake, Math.max(150, 4 * took)));
  }
  working = false;
}

function say(text) {
  const link = document.getElementById("link");
  link.textContent = text;
  link.hidden = !text;
}

// Studies that the server has not read yet are listed at once, and told about when they have been read.
function fillLines() {
  document.querySelectorAll("[data-fill]").forEach(fill);
}

async function fill(line) {
  const answer = await fetch(line.dataset.fill);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("li");
  if (fresh) line.replaceWith(document.adoptNode(fresh));
}
