// Curves over epochs: a drawing, a legend that reads values, and the same as a table.
//
// A slider lies over the drawing, so that keys move the cursor as the mouse does.

import { element, svg } from "./dom.js";
import { epochs, figure, mark } from "./words.js";

const HEIGHT = 220;
const MARGIN = { left: 46, right: 10, top: 8, bottom: 34 };
const NUM_STYLES = 6;
const TICKS = { x: 6, y: 5 };

/** @typedef {{name: string, points: [number, number][]}} Series of (epoch, value), by epoch */

export class Chart {
  #svg = svg("svg", { "aria-hidden": "true" });
  #slider = element("input", { type: "range", min: 0, step: 1 });
  #legend = element("ul", { class: "legend" });
  #table = element("div", { class: "scroll", tabindex: 0, role: "region" });
  #details = element("details", {}, element("summary", {}, "As a table"), this.#table);
  #series = [];
  #xs = [];
  #cursor = null; // place in #xs; null follows the end
  #scale = null;

  /** @param {string} title */
  constructor(title) {
    this.#slider.setAttribute("aria-label", `${title}, by epoch`);
    this.#table.setAttribute("aria-label", title);
    this.#legend.setAttribute("aria-label", title);
    const plot = element("div", { class: "plot" }, this.#svg, this.#slider);
    this.figure = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, title),
      plot,
      this.#legend,
      this.#details,
    );
    this.#slider.addEventListener("input", () => this.#moveTo(Number(this.#slider.value)));
    this.#slider.addEventListener("blur", () => this.#moveTo(null));
    plot.addEventListener("pointermove", (event) => this.#follow(event));
    plot.addEventListener("pointerdown", (event) => this.#follow(event));
    plot.addEventListener("pointerleave", () => this.#moveTo(null));
    this.#details.addEventListener("toggle", () => this.#writeTable());
    new ResizeObserver(() => this.#draw()).observe(this.#svg);
  }

  /** @param {Series[]} series of at least one point each */
  show(series) {
    this.#series = series;
    this.#xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort(
      (one, other) => one - other,
    );
    this.#slider.max = Math.max(0, this.#xs.length - 1);
    if (this.#cursor !== null) this.#cursor = Math.min(this.#cursor, this.#xs.length - 1);
    this.#draw();
    this.#writeTable();
  }

  #moveTo(place) {
    this.#cursor = place;
    this.#read();
  }

  #follow(event) {
    if (!this.#scale || !this.#xs.length) return;
    const x = this.#scale.xOf(event.clientX - this.#svg.getBoundingClientRect().left);
    this.#moveTo(nearest(this.#xs, x));
  }

  #draw() {
    const width = this.#svg.clientWidth;
    if (!width || !this.#xs.length) return;
    const ys = this.#series.flatMap(({ points }) => points.map(([, y]) => y));
    const end = this.#xs.at(-1) || 1;
    const xTicks = ticks(0, end, TICKS.x);
    const yTicks = ticks(Math.min(...ys), Math.max(...ys), TICKS.y);
    const scale = (this.#scale = new Scale(width, [0, end], [yTicks[0], yTicks.at(-1)]));
    const bottom = HEIGHT - MARGIN.bottom;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(
      ...yTicks.flatMap((tick) => [
        svg("line", {
          class: "grid",
          x1: MARGIN.left,
          x2: width - MARGIN.right,
          y1: scale.y(tick),
          y2: scale.y(tick),
        }),
        svg("text", { x: MARGIN.left - 8, y: scale.y(tick) + 4, "text-anchor": "end" }, mark(tick)),
      ]),
      ...xTicks
        .filter((tick) => tick <= scale.right)
        .map((tick) =>
          svg("text", { x: scale.x(tick), y: bottom + 16, "text-anchor": "middle" }, mark(tick)),
        ),
      svg("text", { x: width - MARGIN.right, y: HEIGHT - 3, "text-anchor": "end" }, "epoch"),
      ...this.#series.map(({ points }, index) => curve(points, index, scale)),
      svg("g", {}),
    );
    this.#read();
  }

  /** The cursor in the drawing, the values in the legend, and both in words. */
  #read() {
    const place = this.#cursor ?? this.#xs.length - 1;
    const x = this.#xs[place];
    if (x === undefined || !this.#scale) return;
    const readings = this.#series.map(
      ({ points }) =>
        points[
          nearest(
            points.map(([at]) => at),
            x,
          )
        ],
    );
    const cursor = this.#svg.lastElementChild;
    cursor.replaceChildren();
    if (this.#cursor !== null) {
      const across = this.#scale.x(x);
      cursor.append(
        svg("line", { class: "cursor", x1: across, x2: across, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
      );
      readings.forEach(([at, y], index) =>
        cursor.append(
          svg("circle", {
            class: `s${index % NUM_STYLES}`,
            cx: this.#scale.x(at),
            cy: this.#scale.y(y),
            r: 3.5,
          }),
        ),
      );
    }
    const names = this.#series.map(({ name }) => name);
    this.#legend.replaceChildren(
      ...names.map((name, index) =>
        element("li", {}, swatch(index), name, element("span", { class: "now" }, figure(readings[index][1]))),
      ),
      element("li", {}, `epoch ${epochs(x)}`),
    );
    this.#slider.value = place;
    const values = names.map((name, index) => `${name} ${figure(readings[index][1])}`).join(", ");
    this.#slider.setAttribute("aria-valuetext", `epoch ${epochs(x)}: ${values}`);
  }

  #writeTable() {
    if (!this.#details.open) return;
    const columns = this.#series.map(({ points }) => new Map(points));
    this.#table.replaceChildren(
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...["epoch", ...this.#series.map(({ name }) => name)].map((name) =>
              element("th", { scope: "col" }, name),
            ),
          ),
        ),
        element(
          "tbody",
          {},
          ...this.#xs.map((x) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, epochs(x)),
              ...columns.map((column) => element("td", {}, figure(column.get(x)))),
            ),
          ),
        ),
      ),
    );
  }
}

class Scale {
  constructor(width, [left, right], [low, high]) {
    Object.assign(this, { width, left, right, low, high });
  }

  x(value) {
    return (
      MARGIN.left +
      ((value - this.left) / (this.right - this.left || 1)) * (this.width - MARGIN.left - MARGIN.right)
    );
  }

  y(value) {
    const bottom = HEIGHT - MARGIN.bottom;
    return bottom - ((value - this.low) / (this.high - this.low || 1)) * (bottom - MARGIN.top);
  }

  xOf(across) {
    return (
      this.left +
      ((across - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right)) * (this.right - this.left)
    );
  }
}

function curve(points, index, scale) {
  const style = `s${index % NUM_STYLES}`;
  if (points.length === 1) {
    return svg("circle", { class: style, cx: scale.x(points[0][0]), cy: scale.y(points[0][1]), r: 3 });
  }
  const path = points
    .map(([x, y], at) => `${at ? "L" : "M"}${scale.x(x).toFixed(1)} ${scale.y(y).toFixed(1)}`)
    .join("");
  return svg("path", { class: `curve ${style}`, d: path });
}

/** A short piece of a curve, for legends. */
export function swatch(index) {
  return svg(
    "svg",
    { viewBox: "0 0 26 10", "aria-hidden": "true", class: "plot-swatch" },
    svg("path", { class: `curve s${index % NUM_STYLES}`, d: "M0 5H26" }),
  );
}

/** The place of the value nearest to x among rising values. */
function nearest(values, x) {
  let best = 0;
  for (let place = 1; place < values.length; place++) {
    if (Math.abs(values[place] - x) <= Math.abs(values[best] - x)) best = place;
  }
  return best;
}

/** Round values that span a range, about so many. */
function ticks(low, high, number) {
  const range = high - low || Math.abs(high) || 1;
  const rough = range / number;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.floor(low / step);
  const last = Math.ceil((high === low ? low + range : high) / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}
