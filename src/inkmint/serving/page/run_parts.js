// What the list of runs, one run and a comparison show alike.

import { element } from "./dom.js";
import { counted, duration, epochs, figure, words } from "./words.js";

const STATES = { dead: "stopped without a word" };

/** The address of a view of these runs. */
export function placeOf(...names) {
  return `#runs/${names.map(encodeURIComponent).join("+")}`;
}

/** What the API calls a run. */
export function addressOf(name) {
  return `api/runs/${encodeURIComponent(name)}`;
}

export function state(status) {
  return element("span", { class: `state ${status}` }, STATES[status] ?? status);
}

export function progress({ epoch, num_epochs: numEpochs, status, name }) {
  if (status === "finished") return [element("span", { class: "small" }, counted(epoch, "epoch"))];
  const text = numEpochs ? `epoch ${epochs(epoch)} of ${numEpochs}` : `epoch ${epochs(epoch)}`;
  const bar = numEpochs
    ? element("progress", { value: epoch, max: numEpochs, "aria-label": `${name}: ${text}` })
    : null;
  return [element("span", { class: "small" }, text), bar];
}

/** Names and values in two columns. */
export function facts(pairs) {
  const items = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element(
    "dl",
    { class: "facts" },
    ...items.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

export function figuresOf({ figures }) {
  return Object.entries(figures).map(([name, value]) => [words(name), figure(value)]);
}

export function timeOf({ seconds }) {
  return duration(seconds);
}

export function backLink() {
  return element("a", { class: "back", href: "#runs" }, "All runs");
}
