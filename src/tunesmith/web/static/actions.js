// Changes: asked back, sent as JSON, and answered with a sentence. The page learns of them as of all other changes.
import { load, refresh, toast } from "./page.js";

export function watchActions() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
    else if (button.dataset.copy) copy(button);
    else if (button.id === "pause") pause(button);
    else if (button.dataset.act && (await confirmed(button.dataset))) send(button, {});
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-act]");
    if (!form) return;
    if (event.submitter?.value === "no") return;
    if (form.method !== "dialog") event.preventDefault();
    const body = bodyOf(form);
    if (!form.dataset.ask || (await confirmed({ ...form.dataset, text: wordsOf(body.config) }))) send(form, body);
  });
}

function confirmed({ ask, text = "", yes = "Yes" }) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = ask;
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

function bodyOf(form) {
  const values = {};
  for (const field of form.elements) {
    const { type } = field.dataset;
    if (!type) continue;
    const text = field.value.trim();
    if (type === "text") values[field.name] = text || (field.name === "time" ? null : "");
    else if (type === "json") values[field.name] = JSON.parse(field.value);
    else if (type === "list") values[field.name] = text.split(",").map((part) => part.trim()).filter(Boolean);
    // What is no number is sent as it is, and the server's sentence says what is wrong with it.
    else if (text) values[field.name] = Number.isNaN(Number(text)) ? text : Number(text);
    else if (!("config" in form.dataset)) values[field.name] = null;
  }
  return "config" in form.dataset ? { config: values } : values;
}

function wordsOf(config) {
  return config ? Object.entries(config).map(([name, value]) => `${name} = ${value}`).join(", ") : "";
}

async function send(source, body) {
  const { act, api, done, goto } = source.dataset;
  source.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(api, { method: act, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const found = await answer.json();
    if (!answer.ok) {
      toast(found.error ?? "That did not work.", true);
      return null;
    }
    if (goto) {
      location.href = goto + found.number;
      return found;
    }
    toast(done ?? "Done.");
    document.activeElement?.blur();
    await refresh();
    for (const part of document.querySelectorAll("[data-load]")) await load(part);
    return found;
  } catch {
    toast("The server does not answer; is tunesmith ui still running?", true);
    return null;
  } finally {
    source.removeAttribute("aria-busy");
  }
}

async function pause(button) {
  const paused = button.dataset.paused === "yes";
  const question = paused
    ? { ask: "Resume the study?", text: "Trials are started again by whoever runs it.", yes: "Resume" }
    : { ask: "Pause the study?", text: "No further trial is started until it is resumed; what runs goes on to its end.", yes: "Pause" };
  if (!(await confirmed(question))) return;
  button.dataset.act = "PUT";
  button.dataset.done = paused ? "The study is resumed." : "The study is paused.";
  await send(button, { paused: !paused });
  delete button.dataset.act;
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    document.getElementById(button.dataset.copy).hidden = false; // to be copied by hand
  }
}
