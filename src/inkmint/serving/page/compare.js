// Several runs side by side: in which settings they differ, their curves on one axis, their last figures.

import { getJson } from "./api.js";
import { complain, element } from "./dom.js";
import { Charts, comparedCharts } from "./records.js";
import { addressOf, backLink, placeOf, state, timeOf } from "./run_parts.js";
import { sampleTime } from "./samples.js";
import { epochs, figure, words } from "./words.js";

export function compareView(view, names) {
  const error = element("p", { class: "complaint", role: "alert", hidden: true });
  const body = element("div", { class: "run-body" });
  let open = true;

  view.replaceChildren(
    backLink(),
    element("h1", { tabindex: -1 }, `${names.length} runs compared`),
    error,
    body,
  );

  async function load() {
    try {
      const found = await getJson(
        `api/compare?${names.map((name) => `runs=${encodeURIComponent(name)}`).join("&")}`,
      );
      if (open) show(found);
    } catch (problem) {
      complain(error, problem.message);
    }
  }

  function show({ runs, differences, curves }) {
    const short = shortNames(runs.map(({ folder }) => folder));
    const charts = element("div", { class: "charts" });
    const samples = element("section", { hidden: true });
    const heads = runs.map((run, index) =>
      element("a", { href: placeOf(run.name), class: "name" }, short[index]),
    );
    body.replaceChildren(
      part(
        "Last figures",
        table(heads, "Figure", [
          ["state", ...runs.map(({ status }) => state(status))],
          ["epoch", ...runs.map(({ epoch }) => epochs(epoch))],
          ["time", ...runs.map(timeOf)],
          ...namesIn(runs, "figures").map((name) => [
            words(name),
            ...runs.map(({ figures }) => figure(figures[name])),
          ]),
          ...namesIn(runs, "losses").map((name) => [
            `loss: ${words(name).replace("/", ", ")}`,
            ...runs.map(({ losses }) => figure(losses[name])),
          ]),
        ]),
      ),
      samples,
      part(
        "Settings that differ",
        differences.length
          ? table(
              heads.map((head) => head.cloneNode(true)),
              "Setting",
              differences.map(({ field, values }) => [element("code", {}, field), ...values.map(value)]),
            )
          : element("p", { class: "soft" }, "They were trained with the same settings."),
      ),
      part("Curves", charts),
    );
    showSamples(samples, runs, short);
    new Charts(charts).show(
      comparedCharts(curves.map(({ columns }, index) => ({ name: short[index], columns }))),
    );
  }

  load();
  return {
    close() {
      open = false;
    },
  };
}

function part(title, ...content) {
  return element("section", {}, element("h2", {}, title), ...content);
}

function table(heads, first, rows) {
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, first),
    ...heads.map((one) => element("th", { scope: "col" }, one)),
  );
  const body = rows.map(([name, ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell))),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": first },
    element("table", { class: "compared" }, element("thead", {}, head), element("tbody", {}, ...body)),
  );
}

function value(setting) {
  if (setting === null) return "–";
  if (typeof setting === "number") return String(Number(setting.toPrecision(6)));
  return typeof setting === "object" ? JSON.stringify(setting) : String(setting);
}

/** The last sample of every run that has one. */
async function showSamples(place, runs, titles) {
  const names = await Promise.all(
    runs.map(({ name }) => getJson(`${addressOf(name)}/samples`).catch(() => [])),
  );
  const pictures = runs.flatMap(({ name }, index) => {
    const last = names[index].at(-1);
    if (!last) return [];
    const address = `${addressOf(name)}/samples/${encodeURIComponent(last)}`;
    const picture = element("img", {
      class: "digits",
      src: address,
      alt: `Last samples of ${titles[index]}`,
    });
    return [
      element("figure", {}, picture, element("figcaption", {}, `${titles[index]}, ${sampleTime(last)}`)),
    ];
  });
  place.hidden = pictures.length === 0;
  place.replaceChildren(
    element("h2", {}, "Last samples"),
    element("div", { class: "side-by-side" }, ...pictures),
  );
}

function namesIn(runs, kind) {
  return [...new Set(runs.flatMap((run) => Object.keys(run[kind])))];
}

/** Names without the folders that all of them share. */
function shortNames(folders) {
  const parts = folders.map((folder) => folder.split("/"));
  let shared = 0;
  while (parts.every((one) => one.length > shared + 1 && one[shared] === parts[0][shared])) shared++;
  return parts.map((one) => one.slice(shared).join("/"));
}
