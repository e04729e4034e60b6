// The records of a run as curves, and charts that show those of one run or of several.

import { Chart } from "./chart.js";
import { words } from "./words.js";

const LOSSES = "losses.";
const FIGURES = "figures.";

/** Add one record of metrics.jsonl to columns. */
export function append(columns, record) {
  const length = columns.epoch.length;
  const values = flat(record);
  for (const name of new Set([...Object.keys(columns), ...Object.keys(values)])) {
    columns[name] ??= Array.from({ length }, () => null);
    columns[name].push(values[name] ?? null);
  }
}

function flat({ losses = {}, figures = {}, ...place }) {
  const named = (prefix, values) => Object.entries(values).map(([name, value]) => [prefix + name, value]);
  const numbers = Object.entries(place).filter(([, value]) => typeof value === "number");
  return Object.fromEntries([...numbers, ...named(LOSSES, losses), ...named(FIGURES, figures)]);
}

/** Charts of one run: the losses of every phase of training, then every figure. */
export function chartsOf(columns) {
  const charts = new Map();
  for (const [name, points] of curvesOf(columns, LOSSES)) {
    const [phase, loss] = parted(name);
    push(charts, `Losses of the ${words(phase)}`, { name: words(loss), points });
  }
  for (const [name, points] of curvesOf(columns, FIGURES))
    push(charts, capital(words(name)), { name: words(name), points });
  return charts;
}

/** Charts of several runs: every figure and every loss, one curve for each run that has it. */
export function comparedCharts(runs) {
  const charts = new Map();
  for (const kind of [FIGURES, LOSSES]) {
    for (const run of runs) {
      for (const [name, points] of curvesOf(run.columns, kind))
        push(charts, capital(words(name).replace("/", ": ")), { name: run.name, points });
    }
  }
  return charts;
}

/** Names without their kind, with (epoch, value) of the records that have them. */
function curvesOf(columns, kind) {
  return Object.keys(columns)
    .filter((name) => name.startsWith(kind))
    .flatMap((name) => {
      const points = columns[name].flatMap((value, row) =>
        value === null ? [] : [[columns.epoch[row], value]],
      );
      return points.length ? [[name.slice(kind.length), points]] : [];
    });
}

/** Keeps charts in a place: those that are there stay, new ones are added. */
export class Charts {
  #charts = new Map();

  constructor(place) {
    this.place = place;
  }

  show(charts) {
    for (const [title, series] of charts) {
      if (!this.#charts.has(title)) {
        const chart = new Chart(title);
        this.#charts.set(title, chart);
        this.place.append(chart.figure);
      }
      this.#charts.get(title).show(series);
    }
  }
}

function parted(name) {
  const [phase, ...loss] = name.split("/");
  return loss.length ? [phase, loss.join("/")] : ["training", phase];
}

function push(charts, title, series) {
  if (!charts.has(title)) charts.set(title, []);
  charts.get(title).push(series);
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
