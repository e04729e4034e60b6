// The list of runs, kept up to date while it is looked at.

import { getJson } from "./api.js";
import { connection } from "./connection.js";
import { complain, element } from "./dom.js";
import { figuresOf, placeOf, progress, state, timeOf } from "./run_parts.js";
import { ago, counted } from "./words.js";

const AGAIN_MS = 4000; // while something trains
const SELDOM_MS = 15_000;
const MINUTE_MS = 60_000;
const MANY = 12; // from which on the list can be searched
const MOST_FIGURES = 2;

export function runListView(view) {
  const error = element("p", { class: "complaint", role: "alert", hidden: true });
  const search = element("input", {
    type: "text",
    id: "search-runs",
    autocomplete: "off",
    oninput: () => show(),
  });
  const searchField = element(
    "div",
    { class: "field search", hidden: true },
    element("label", { for: search.id }, "Search"),
    search,
  );
  const compare = element("button", {
    type: "button",
    class: "primary",
    onclick: () => {
      location.hash = placeOf(...chosen);
    },
  });
  const note = element("span", { class: "small soft" });
  const body = element("tbody", { role: "rowgroup" });
  const heads = ["Compare", "Run", "State", "Time", "Progress", "Last figures"];
  const table = element(
    "table",
    { class: "runs-table", role: "table" },
    element(
      "thead",
      { role: "rowgroup" },
      element(
        "tr",
        { role: "row" },
        ...heads.map((head) => element("th", { scope: "col", role: "columnheader" }, head)),
      ),
    ),
    body,
  );
  const bar = element("div", { class: "actions" }, compare, note);
  const none = element(
    "p",
    { class: "soft", hidden: true },
    "There are no runs yet; `inkmint train` makes one.",
  );
  const chosen = new Set();
  let runs = [];
  let shown = ""; // what the table says
  let timer = 0;
  let open = true;

  view.replaceChildren(
    element("h1", { tabindex: -1 }, "Runs"),
    element(
      "p",
      { class: "lead" },
      "What was trained here, and what is training now. Tick two or more to compare them.",
    ),
    error,
    searchField,
    bar,
    table,
    none,
  );

  async function load() {
    clearTimeout(timer);
    try {
      if (!document.hidden) {
        runs = await getJson("api/runs");
        complain(error, null);
        showNews();
      }
    } catch (problem) {
      complain(error, problem.message);
    }
    if (open)
      timer = setTimeout(load, runs.some(({ status }) => status === "running") ? AGAIN_MS : SELDOM_MS);
  }

  /** Leave the table alone unless it would say something else. */
  function showNews() {
    const news = JSON.stringify([Math.floor(Date.now() / MINUTE_MS), runs]);
    if (news !== shown) show();
    shown = news;
  }

  function show() {
    searchField.hidden = runs.length < MANY;
    none.hidden = runs.length > 0;
    table.hidden = bar.hidden = runs.length === 0;
    const wanted = search.value.trim().toLowerCase();
    const wantedRuns = runs.filter(({ folder, recipe }) =>
      `${folder} ${recipe}`.toLowerCase().includes(wanted),
    );
    const focused = view.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    body.replaceChildren(...wantedRuns.map(row));
    if (focused) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    showChoice();
  }

  function showChoice() {
    compare.disabled = chosen.size < 2;
    compare.textContent = chosen.size < 2 ? "Compare" : `Compare ${counted(chosen.size, "run")}`;
    note.textContent = counted(runs.length, "run");
  }

  function row(run) {
    const tick = element("input", {
      type: "checkbox",
      "aria-label": `Compare ${run.folder}`,
      "data-key": `tick ${run.name}`,
      checked: chosen.has(run.name),
      onchange: ({ target }) => {
        chosen[target.checked ? "add" : "delete"](run.name);
        showChoice();
      },
    });
    const link = element(
      "a",
      { href: placeOf(run.name), class: "name", "data-key": `link ${run.name}` },
      run.folder,
    );
    const recipe = element("span", { class: "small soft under" }, `${run.recipe} · ${ago(run.changed)}`);
    const figures = figuresOf(run)
      .slice(0, MOST_FIGURES)
      .map(([name, value]) => element("span", { class: "under" }, `${name} ${value}`));
    const cell = (name, ...content) => element("td", { role: "cell", class: name }, ...content);
    return element(
      "tr",
      { role: "row" },
      cell("tick", tick),
      element("th", { scope: "row", role: "rowheader" }, link, recipe),
      cell("of-state", state(run.status)),
      cell("of-time", timeOf(run)),
      cell("of-progress", ...progress(run)),
      cell("of-figures small", ...figures),
    );
  }

  connection.addEventListener("regained", load);
  load();
  return {
    close() {
      open = false;
      clearTimeout(timer);
      connection.removeEventListener("regained", load);
    },
  };
}
