// The view to write in: what is written is read after every stroke.

import { latest, postFile } from "./api.js";
import { Bars } from "./bars.js";
import { digitList } from "./digits.js";
import { announce, colour, complain, debounced, find } from "./dom.js";
import { Pad } from "./pad.js";
import { inkOf, seenPixels } from "./pixels.js";
import { counted, percent } from "./words.js";

const QUIET_MS = 120; // after a stroke
const GLANCE_MS = 250; // between looks while a stroke grows
const PATIENCE_MS = 500; // until it is said that an answer takes its time

export function drawView(view) {
  const pad = new Pad(find("#pad"), find("#pen"));
  const bars = new Bars(find("#bars"));
  const parts = {
    hint: find("#pad-hint"),
    undo: find("#undo"),
    clear: find("#clear"),
    number: find("#as-number"),
    guess: find("#guess"),
    sure: find("#sure"),
    second: find("#second"),
    digit: find("#one-digit"),
    digits: find("#digits-read"),
    seen: find("#seen"),
    seenCanvas: find("#seen-canvas"),
    maskChoice: find("#mask-choice"),
    mask: find("#show-mask"),
    error: find("#draw-error"),
  };
  let asNumber = false;
  let shown = null; // the last answer for one digit
  let numAsked = 0; // requests under way
  let glancedAt = 0;

  const ask = latest(async (signal, path) => postFile(path, await pad.picture(), signal));

  /** Have what is drawn read; `aloud` if it is done, else a stroke still grows. */
  async function answer(aloud) {
    const wanted = asNumber;
    const patience = setTimeout(() => wait(wanted), PATIENCE_MS);
    numAsked++;
    try {
      const found = await ask(wanted ? "api/read" : "api/look");
      if (!found || pad.isEmpty || wanted !== asNumber) return; // overtaken
      complain(parts.error, null);
      if (wanted) showNumber(found, aloud);
      else showDigit(found, aloud);
    } catch (error) {
      forget();
      complain(parts.error, error.message);
    } finally {
      clearTimeout(patience);
      if (--numAsked === 0) view.classList.remove("waiting");
    }
  }

  function wait(forNumber) {
    view.classList.add("waiting");
    (forNumber ? parts.digits : parts.sure).textContent = "reading …";
  }

  const answerSoon = debounced(() => {
    if (!pad.isEmpty) answer(true);
  }, QUIET_MS);

  function glance() {
    parts.hint.hidden = true;
    if (asNumber || numAsked || performance.now() - glancedAt < GLANCE_MS) return;
    glancedAt = performance.now();
    answer(false);
  }

  function showDigit(found, aloud) {
    shown = found;
    const isDigit = found.digit !== null;
    parts.guess.textContent = isDigit ? found.digit : "?";
    view.classList.toggle("no-digit", !isDigit);
    const sure = `${percent(found.confidence)} sure`;
    parts.sure.textContent = isDigit ? sure : sentence(found.reason);
    parts.second.textContent = otherGuess(found);
    bars.show(found.probabilities, isDigit ? found.digit : null);
    paint();
    if (aloud) announce(isDigit ? `Read as ${found.digit}, ${sure}.` : parts.sure.textContent);
  }

  function otherGuess({ digit, second, probabilities }) {
    if (!second) return "";
    if (digit === null) return `nearest is ${probabilities.indexOf(Math.max(...probabilities))}`;
    return `else ${second.digit}, ${percent(second.probability)}`;
  }

  async function paint() {
    if (!shown) return;
    const mine = shown;
    const colours = { paper: colour("--raised"), ink: colour("--ink"), mask: colour("--mint") };
    const pixels = await seenPixels(mine.seen, parts.mask.checked ? mine.mask : null, colours);
    if (mine !== shown) return; // overtaken
    Object.assign(parts.seenCanvas, { width: pixels.width, height: pixels.height });
    parts.seenCanvas.getContext("2d").putImageData(pixels, 0, 0);
    parts.maskChoice.hidden = !mine.mask;
    parts.seen.hidden = false;
  }

  function showNumber(found, aloud) {
    const lines = found.lines.filter(({ digits }) => digits.length);
    parts.digits.replaceChildren(...lines.map(digitList));
    const text = lines.map((line) => line.text).join(", ");
    if (aloud) announce(text ? `Read as ${text}.` : "Nothing was read.");
  }

  function sentence(reason) {
    return reason.charAt(0).toUpperCase() + reason.slice(1) + (/[.!?]$/.test(reason) ? "" : ".");
  }

  function refresh() {
    parts.undo.disabled = !pad.canUndo;
    parts.clear.disabled = pad.isEmpty;
    parts.hint.hidden = !pad.isEmpty;
    const numGroups = pad.numGroups;
    if (numGroups < 2) asNumber = false;
    parts.number.hidden = numGroups < 2;
    parts.number.textContent = asNumber
      ? "Read as one digit"
      : `Read ${counted(numGroups, "digit")} as a number`;
    parts.digit.hidden = asNumber;
    parts.digits.hidden = !asNumber;
    if (pad.isEmpty) forget();
    else answerSoon();
  }

  function forget() {
    shown = null;
    view.classList.remove("no-digit");
    parts.guess.textContent = "";
    parts.sure.textContent = "";
    parts.second.textContent = "";
    parts.seen.hidden = true;
    bars.show(null);
    complain(parts.error, null);
  }

  pad.addEventListener("drawing", glance);
  pad.addEventListener("drawn", refresh);
  parts.undo.addEventListener("click", () => pad.undo());
  parts.clear.addEventListener("click", () => pad.clear());
  parts.number.addEventListener("click", () => {
    asNumber = !asNumber;
    refresh();
  });
  parts.mask.addEventListener("change", paint);
  addEventListener("themechange", paint);
  refresh();

  return {
    /** Read a picture of one digit here; `paper` says that its ink is dark. */
    async read(uri, paper) {
      pad.place(await inkOf(uri, paper));
    },
  };
}
