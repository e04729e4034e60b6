// Whether inkmint still answers; a banner says so when it does not, until it does again.

import { find } from "./dom.js";

const AGAIN_MS = 2000;
const PROBE = "static/icon.svg"; // small, and always there

export const connection = new EventTarget();

let lost = false;
let timer = 0;

/** It did not answer. */
export function didNotAnswer() {
  if (!lost) {
    lost = true;
    find("#lost").hidden = false;
  }
  clearTimeout(timer);
  timer = setTimeout(probe, AGAIN_MS);
}

/** It answered, whatever it said. */
export function answered() {
  clearTimeout(timer);
  if (!lost) return;
  lost = false;
  find("#lost").hidden = true;
  connection.dispatchEvent(new Event("regained"));
}

/** Ask whether it is there. */
export async function probe() {
  try {
    await fetch(PROBE, { cache: "no-store" });
    answered();
  } catch {
    didNotAnswer();
  }
}

addEventListener("offline", probe);
addEventListener("online", probe);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) probe();
});
