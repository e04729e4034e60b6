// One run: what it is, its curves and its samples, as they come while it trains.

import { getJson } from "./api.js";
import { connection, probe } from "./connection.js";
import { announce, complain, element } from "./dom.js";
import { append, Charts, chartsOf } from "./records.js";
import { addressOf, backLink, facts, figuresOf, progress, state, timeOf } from "./run_parts.js";
import { Samples } from "./samples.js";
import { ago, epochs, figure, words } from "./words.js";

const AGAIN_MS = 2000;
const AT_ONCE_MS = 150; // records that come together are drawn together

export function runView(view, name) {
  const address = addressOf(name);
  const error = element("p", { class: "complaint", role: "alert", hidden: true });
  const head = element("div", { class: "run-head" });
  const findings = element("ul", { class: "findings" });
  const chartPlace = element("div", { class: "charts" });
  const settings = element("div");
  const title = element("h1", { tabindex: -1 }, name.replaceAll(":", "/"));
  const samples = new Samples(`${address}/samples`);
  const charts = new Charts(chartPlace);
  const curves = section(
    "Learning curves",
    "Measured on training and validation images while training; test images play no part.",
    chartPlace,
  );
  let run = null;
  let columns = { epoch: [] };
  let stream = null;
  let timer = 0;
  let drawing = 0;
  let open = true;

  view.replaceChildren(
    backLink(),
    title,
    error,
    element("div", { class: "run-top" }, element("div", {}, head, findings), samples.section),
    element("div", { class: "run-body" }, curves, section("What is run", null, settings)),
  );

  async function load() {
    stop();
    try {
      const [details, recorded, names] = await Promise.all([
        getJson(address),
        getJson(`${address}/metrics`),
        getJson(`${address}/samples`),
      ]);
      if (!open) return;
      complain(error, null);
      run = details;
      columns = recorded.columns;
      columns.epoch ??= [];
      samples.show(names);
      showHead();
      showCurves();
      showSettings();
      if (run.status === "running") follow(recorded.offset);
    } catch (problem) {
      complain(error, problem.message);
    }
  }

  function follow(offset) {
    stream = new EventSource(`${address}/events?after=${offset}`);
    stream.addEventListener("metrics", ({ data }) => take(JSON.parse(data)));
    stream.addEventListener("sample", ({ data }) => samples.add(JSON.parse(data)));
    stream.addEventListener("status", ({ data }) => takeStatus(JSON.parse(data)));
    for (const kind of ["reset", "end"]) stream.addEventListener(kind, load); // once more, whole
    stream.addEventListener("error", () => {
      stop();
      probe();
      timer = setTimeout(load, AGAIN_MS);
    });
  }

  function take(record) {
    append(columns, record);
    Object.assign(run, {
      epoch: record.epoch,
      step: record.step,
      seconds: record.seconds,
      changed: Date.now() / 1000,
    });
    Object.assign(run.losses, record.losses);
    if (record.figures) {
      run.figures = record.figures;
      run.findings = record.findings ?? [];
      announce(
        `Epoch ${epochs(record.epoch)}: ${figuresOf(run)
          .map((pair) => pair.join(" "))
          .join(", ")}.`,
      );
    }
    drawing ||= setTimeout(() => {
      drawing = 0;
      showHead();
      showCurves();
    }, AT_ONCE_MS);
  }

  function takeStatus(told) {
    const before = run.status;
    run.status = told.status;
    if (run.status === before) return;
    announce(`The run is ${run.status}.`);
    showHead();
  }

  function showHead() {
    const speed = columns.images_per_sec?.findLast((value) => value !== null);
    head.replaceChildren(
      element(
        "p",
        { class: "run-state" },
        state(run.status),
        element("span", { class: "soft" }, ` changed ${ago(run.changed)}`),
      ),
      ...progress(run),
      facts([
        ["Recipe", run.recipe],
        ["Model", run.model],
        ["Time", timeOf(run)],
        ["Speed", speed ? `${figure(Math.round(speed))} images/s` : null],
        ...figuresOf(run),
        [
          "Report",
          run.report ? element("a", { href: `#studies/${encodeURIComponent(run.report)}` }, "read it") : null,
        ],
      ]),
    );
    findings.hidden = !run.findings.length;
    findings.replaceChildren(...run.findings.map((text) => element("li", {}, text)));
  }

  function showCurves() {
    const found = chartsOf(columns);
    curves.hidden = found.size === 0;
    charts.show(found);
  }

  function showSettings() {
    const { config, environment } = run;
    settings.replaceChildren(
      facts([
        ["Data", config.data],
        ["Seed", text(config.seed)],
        ["Device", config.device],
      ]),
      ...[
        folded("Every setting", flatPairs(config)),
        folded("Machine and versions", flatPairs(environment)),
      ].filter(Boolean),
    );
  }

  function stop() {
    stream?.close();
    stream = null;
    clearTimeout(timer);
  }

  connection.addEventListener("regained", load);
  load();
  return {
    close() {
      open = false;
      stop();
      clearTimeout(drawing);
      connection.removeEventListener("regained", load);
    },
  };
}

function section(title, about, ...content) {
  const note = about ? element("p", { class: "soft" }, about) : null;
  return element("section", {}, element("h2", {}, title), note, ...content);
}

function folded(title, pairs) {
  if (!pairs.length) return null;
  const table = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
    facts(pairs),
  );
  return element("details", {}, element("summary", {}, title), table);
}

function flatPairs(settings, prefix = "") {
  return Object.entries(settings ?? {}).flatMap(([name, value]) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? flatPairs(value, `${prefix}${name}.`)
      : [[words(prefix + name), text(value)]],
  );
}

function text(value) {
  return Array.isArray(value)
    ? value.map(text).join(", ")
    : value === null || value === undefined
      ? null
      : String(value);
}
