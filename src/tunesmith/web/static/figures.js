// Figures come drawn from the server, as Plotly's JSON; here they get the colours of the ground and are put in place.
import { filterBy } from "./table.js";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const known = new Map(); // the answer that each place shows
const resting = new Map(); // until when the same answer for a place is not asked for again
let brushing = false;

export function watchFigures() {
  if (!document.querySelector("[data-figure]")) return;
  const look = (entries) => {
    for (const { isIntersecting, target } of entries) {
      target.dataset.seen = isIntersecting ? "yes" : "no";
      if (isIntersecting) update(target);
    }
  };
  // Most are made ready before they come into sight; those for which the server reads a whole log are not.
  const [near, inside] = [new IntersectionObserver(look, { rootMargin: "300px" }), new IntersectionObserver(look)];
  for (const place of document.querySelectorAll("[data-figure]:not([data-asked])")) ("costly" in place.dataset ? inside : near).observe(place);
  // What takes seconds is computed when it is asked for, and again when it is asked for again.
  for (const button of document.querySelectorAll("[data-compute]")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      await update(button.closest("[data-figure]"));
      button.textContent = "Compute again";
      button.disabled = false;
    });
  }
  document.addEventListener("refreshed", updateSeen);
  document.addEventListener("filtered", () => {
    // Without a filter no range is brushed: draw the axes anew.
    if (brushing && !new URLSearchParams(location.search).get("filter")) {
      brushing = false;
      const axes = document.querySelector('[data-name="parallel"]');
      known.delete(axes);
      resting.delete(axes);
    }
    updateSeen();
  });
  dark.addEventListener("change", () => known.forEach((answer, place) => draw(place, answer.content)));
}

function updateSeen() {
  for (const place of document.querySelectorAll('[data-figure][data-seen="yes"]')) update(place);
}

function addressOf(place) {
  const filter = new URLSearchParams(location.search).get("filter");
  return filter && "filtered" in place.dataset ? `${place.dataset.figure}?filter=${encodeURIComponent(filter)}` : place.dataset.figure;
}

// A figure that took long is left alone four times as long: the server has trials to follow.
function rests(place) {
  const rest = resting.get(place);
  const left = rest && rest.address === addressOf(place) && !place.dataset.asked ? rest.until - performance.now() : 0;
  if (left <= 0) return false;
  clearTimeout(rest.timer);
  rest.timer = setTimeout(() => update(place), left);
  return true;
}

async function update(place) {
  if (rests(place)) return;
  if (place.dataset.fetching) {
    place.dataset.again = "yes";
    return;
  }
  place.dataset.fetching = "yes";
  place.setAttribute("aria-busy", "true");
  try {
    const [address, began] = [addressOf(place), performance.now()];
    const answer = await fetch(address);
    const text = await answer.text();
    resting.set(place, { address, until: performance.now() + 4 * (performance.now() - began) });
    if (!answer.ok) {
      if (answer.status !== 400) words(place, { finding: JSON.parse(text).error, remarks: [] });
    } else if (known.get(place)?.text !== text && !(brushing && place.dataset.name === "parallel")) {
      const content = JSON.parse(text);
      known.set(place, { text, content });
      await draw(place, content);
    }
  } finally {
    delete place.dataset.fetching;
    place.setAttribute("aria-busy", "false");
    if (place.dataset.again) {
      delete place.dataset.again;
      update(place);
    }
  }
}

function words(place, { heading, finding, remarks = [] }) {
  if (heading) place.querySelector("h2").textContent = heading;
  const sentence = place.querySelector(".finding");
  sentence.textContent = finding ? `${finding.replace(/\.$/, "")}. ` : "";
  for (const remark of remarks) {
    const quiet = document.createElement("span");
    quiet.className = "quiet";
    quiet.textContent = `${remark} `;
    sentence.append(quiet);
  }
  if (place.dataset.name === "parallel" && document.getElementById("filter") && finding) {
    const hint = document.createElement("span");
    hint.className = "quiet";
    hint.textContent = "Drag along an axis to filter the table below; a click on it takes the range away.";
    sentence.append(hint);
  }
}

async function draw(place, content) {
  words(place, content);
  const plot = place.querySelector(".plot");
  if (!content.figure) {
    plot.replaceChildren();
    if (plot.data) Plotly.purge(plot);
    plot.hidden = true;
    place.dataset.drawn = "nothing";
    return;
  }
  plot.hidden = false;
  plot.style.minWidth = content.width ? `${content.width}px` : "";
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", content.finding || content.heading);
  if (globalThis.Plotly) plot.querySelector(":scope > .still")?.remove();
  const { options, themed } = globalThis.tunesmithFigures;
  const { data, layout } = themed(content.figure, dark.matches);
  if (window.innerWidth < 500) Object.assign(layout.margin, { l: Math.min(layout.margin.l, 48), r: 8 });
  if (place.dataset.name !== "parallel") layout.uirevision = "kept"; // what is zoomed stays so while it grows
  await Plotly.react(plot, data, layout, { ...options, displayModeBar: window.innerWidth < 500 ? false : "hover" });
  place.dataset.drawn = "yes";
  if (place.dataset.name === "parallel" && !plot.dataset.brushed) {
    plot.dataset.brushed = "yes";
    plot.on("plotly_restyle", () => brushed(plot, known.get(place).content.axes));
  }
  if (place.dataset.name === "history" && !plot.dataset.clicked) {
    plot.dataset.clicked = "yes";
    plot.on("plotly_click", ({ points }) => {
      const [point] = points;
      const { study } = document.body.dataset;
      if (study && point.data.type === "scatter") location.href = `${study}/trials/${point.x}`;
    });
  }
}

// Ranges on the axes of parallel coordinates become the filter that a person would have typed.
function brushed(plot, axes) {
  const parts = plot.data[0].dimensions.flatMap(({ constraintrange }, index) => {
    if (!constraintrange) return [];
    const ranges = Array.isArray(constraintrange[0]) ? constraintrange : [constraintrange];
    const tests = ranges.map((range) => condition(axes[index], range)).filter(Boolean);
    return tests.length > 1 ? [`(${tests.join(" or ")})`] : tests;
  });
  brushing = parts.length > 0;
  filterBy(parts.join(" and "));
}

function condition({ name, kind, idle, ticks, labels }, [low, high]) {
  const column = quoted(name);
  if (kind === "category") {
    const inside = ticks.flatMap((tick, index) => (tick >= low && tick <= high ? [tick === idle ? "none" : quoted(labels[index])] : []));
    return inside.length ? `${column} in (${inside.join(", ")})` : `${column} = none and ${column} != none`;
  }
  const real = (at) => Number((kind === "log" ? 10 ** at : at).toPrecision(4));
  if (idle !== null && idle >= low && idle <= high) {
    const above = ticks.filter((tick) => tick !== idle && tick <= high);
    return above.length ? `(${column} = none or ${column} <= ${real(high)})` : `${column} = none`;
  }
  return `${column} >= ${real(low)} and ${column} <= ${real(high)}`;
}

function quoted(text) {
  if (/^[^\s()<>=!~,"']+$/.test(text) && !/^(and|or|not|in|none)$/i.test(text)) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
