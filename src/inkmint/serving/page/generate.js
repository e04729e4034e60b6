// The view that mints digits: which, how many, and along which directions of style.

import { getJson, latest, postJson } from "./api.js";
import { connection } from "./connection.js";
import { announce, complain, debounced, element, find, save } from "./dom.js";
import { sheetOf } from "./pixels.js";
import { Sliders } from "./sliders.js";
import { counted } from "./words.js";

const MOST = 100; // pictures in one request
const MOST_ROWS = 20;
const MOST_COLUMNS = 10; // of one digit
const SHEET_FACTOR = 4;
const QUIET_MS = 60;
const SEEDS = 2 ** 31;

export function generateView(view, app) {
  const parts = {
    lead: find("#generator-lead"),
    error: find("#generate-error"),
    form: find("#choose"),
    classes: find("#classes"),
    keys: find("#digit-keys"),
    text: find("#text"),
    count: find("#count"),
    countShown: find("#count-shown"),
    seed: find("#seed"),
    sheet: find("#sheet"),
    note: find("#sheet-note"),
  };
  const mint = latest((signal, body) => postJson("api/generate", body, signal));
  const mintSoon = debounced(refresh, QUIET_MS);
  const sliders = new Sliders(find("#sliders"), mintSoon);
  let generator = null;
  let minted = null; // the last answer, with how it was asked for
  let lookWasChosen = false; // until then it follows the page's colours

  async function load() {
    try {
      generator = await getJson("api/generator");
    } catch (error) {
      complain(parts.error, error.message);
      return;
    }
    find("code", parts.lead).textContent = generator.name;
    parts.lead.hidden = false;
    parts.classes.hidden = generator.num_classes === 0;
    parts.keys.replaceChildren(...generator.class_names.map(digitKey));
    sliders.offer(generator.directions);
    await refresh();
    sliders.illustrate((steps) =>
      postJson("api/generate", {
        ...(generator.num_classes && { digit: firstClass() }),
        seed: Number(parts.seed.value),
        sliders: steps,
        spread: 0,
      }),
    );
  }

  function digitKey(name, label) {
    const box = element("input", { type: "checkbox", value: label, checked: true });
    return element("label", {}, box, element("span", {}, name));
  }

  function firstClass() {
    return classes()[0] ?? 0;
  }

  /** The classes of one row of the sheet. */
  function classes() {
    const names = generator.class_names;
    const text = [...parts.text.value].map((letter) => names.indexOf(letter)).filter((label) => label >= 0);
    parts.keys.classList.toggle("idle", text.length > 0);
    if (text.length) return text;
    return [...parts.keys.querySelectorAll(":checked")].map(({ value }) => Number(value));
  }

  function isPaper() {
    return find("[name=look]:checked", view).value === "paper";
  }

  /** What to ask for, and how wide the sheet is; null if something is missing. */
  function wishes() {
    const row = generator.num_classes ? classes() : [null];
    if (!row.length) return refuse("Choose at least one digit, or type some.");
    if (!parts.seed.checkValidity()) return refuse(`A seed is a whole number from 0 to ${parts.seed.max}.`);
    parts.count.max = Math.min(MOST_ROWS, Math.floor(MOST / row.length));
    const count = Number(parts.count.value);
    parts.countShown.textContent = String(count);
    const settings = { seed: Number(parts.seed.value), paper: isPaper(), ...sliders.values() };
    const which = generator.num_classes
      ? { digits: Array.from({ length: count }, () => row).flat() }
      : { count };
    return {
      columns: row.length === 1 ? Math.min(count, MOST_COLUMNS) : row.length,
      body: { ...which, ...settings },
    };
  }

  function refuse(sentence) {
    complain(parts.error, sentence);
    return null;
  }

  async function refresh() {
    const wished = generator && wishes();
    if (!wished) return;
    parts.sheet.setAttribute("aria-busy", "true");
    try {
      const answer = await mint(wished.body);
      if (!answer) return; // overtaken
      complain(parts.error, null);
      minted = { ...answer, columns: wished.columns, paper: wished.body.paper };
      show();
    } catch (error) {
      complain(parts.error, error.message);
    }
    parts.sheet.setAttribute("aria-busy", "false");
  }

  function show() {
    const { pictures, columns, paper, seed } = minted;
    const focused = [...parts.sheet.children].indexOf(document.activeElement);
    parts.sheet.style.setProperty("--columns", columns);
    parts.sheet.classList.toggle("dark", !paper);
    parts.sheet.replaceChildren(...pictures.map(digitButton));
    parts.sheet.children[focused]?.focus();
    parts.note.textContent = `${counted(pictures.length, "digit")}, seed ${seed}`;
    announce(`${counted(pictures.length, "digit")} minted.`);
  }

  function digitButton(uri, index) {
    const name = generator.num_classes ? generator.class_names[minted.labels[index]] : "digit";
    const picture = element("img", { src: uri, alt: "", width: 28, height: 28 });
    return element(
      "button",
      {
        type: "button",
        title: "Read this",
        "aria-label": `Minted ${name}: read this`,
        onclick: () => send(index),
      },
      picture,
    );
  }

  function send(index) {
    app.go("draw");
    app.view("draw").read(minted.pictures[index], minted.paper);
  }

  function followTheme() {
    if (lookWasChosen) return;
    const look = document.documentElement.dataset.theme === "dark" ? "dark" : "paper";
    find(`[name=look][value=${look}]`, view).checked = true;
    refresh();
  }

  parts.form.addEventListener("submit", (event) => event.preventDefault());
  parts.form.addEventListener("input", ({ target }) => {
    if (target.name === "look") lookWasChosen = true;
    if (parts.keys.contains(target)) parts.text.value = "";
    mintSoon();
  });
  find("#dice").addEventListener("click", () => {
    parts.seed.value = Math.floor(Math.random() * SEEDS);
    refresh();
  });
  find("#save-sheet").addEventListener("click", async () => {
    if (minted)
      save(await sheetOf(minted.pictures, minted.columns, SHEET_FACTOR), `inkmint-${minted.seed}.png`);
  });
  addEventListener("themechange", followTheme);
  connection.addEventListener("regained", () => {
    if (!generator) load();
  });
  followTheme();
  load();

  return {};
}
