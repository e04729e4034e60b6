// Digits that were read, each with how sure that is.

import { element } from "./dom.js";
import { percent } from "./words.js";

/** A line of digits as a list, with a gap where its text has one between two numbers. */
export function digitList({ text, digits }) {
  const begins = new Set();
  let place = 0;
  for (const letter of text) {
    if (letter === " ") begins.add(place);
    else place++;
  }
  const items = digits.map((digit, at) => item(digit, begins.has(at)));
  return element("ol", { class: "digits-read", "aria-label": text }, ...items);
}

function item({ digit, confidence, second, reason }, beginsNumber) {
  const kinds = [digit === null ? "unread" : "", beginsNumber ? "begins" : ""].join(" ").trim();
  return element(
    "li",
    { class: kinds || null, title: reason ?? `else ${second.digit}, ${percent(second.probability)}` },
    element("span", { class: "figure" }, String(digit ?? "?")),
    element("span", { class: "soft" }, percent(confidence)),
  );
}
