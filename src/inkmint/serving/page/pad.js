// Paper to write on: strokes of a mouse, a pen, a finger, or the arrow keys.
//
// Points are in units of the paper's width, so that strokes outlive a change of its size.

import { announce, colour } from "./dom.js";

const PEN = 0.034; // width of a stroke
const KEY_STEP = 0.025;
const FINE_STEP = 0.006;
const LEAST_MOVE = 0.003;
const LEAST_GAP = 0.015; // between two digits side by side
const LEAST_HEIGHT = 0.3; // of the tallest; what is lower is a dot or a dash
const PLACED = 0.62; // of the height, for a picture that is laid on the paper
const SENT_PX = 400; // width of the picture that is sent: enough for digits of 28 pixels, and soon read
const RATIO = 3 / 4; // height by width

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Sends `drawing` while a stroke grows and `drawn` when it, or anything else, is done. */
export class Pad extends EventTarget {
  #canvas;
  #marker;
  #strokes = [];
  #placed = null; // a canvas whose opacity is ink
  #past = []; // what undo brings back
  #stroke = null; // the one that grows
  #pen = { x: 0.5, y: RATIO / 2, down: false }; // of the keyboard

  constructor(canvas, marker) {
    super();
    this.#canvas = canvas;
    this.#marker = marker;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#extend(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, ({ pointerId }) => {
        if (this.#stroke?.pointer === pointerId) this.#end();
      });
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#showMarker(canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => this.#liftPen());
    new ResizeObserver(() => this.#paint()).observe(canvas);
    addEventListener("themechange", () => this.#paint());
  }

  get isEmpty() {
    return !this.#strokes.length && !this.#placed;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  undo() {
    const before = this.#past.pop();
    if (before) this.#become(before);
  }

  clear() {
    if (this.isEmpty) return;
    this.#remember();
    this.#become({ strokes: [], placed: null });
  }

  /** Lay a picture on empty paper; `ink` is a canvas whose opacity is ink. */
  place(ink) {
    this.#remember();
    this.#become({ strokes: [], placed: ink });
  }

  /** How many digits stand side by side: groups of strokes with a gap between them. */
  get numGroups() {
    const boxes = this.#strokes.map(({ points }) => ({
      left: Math.min(...points.map(({ x }) => x)) - PEN / 2,
      right: Math.max(...points.map(({ x }) => x)) + PEN / 2,
      top: Math.min(...points.map(({ y }) => y)),
      bottom: Math.max(...points.map(({ y }) => y)),
    }));
    if (this.#placed)
      boxes.push({
        left: 0.5 - (PLACED * RATIO) / 2,
        right: 0.5 + (PLACED * RATIO) / 2,
        top: 0,
        bottom: PLACED,
      });
    const groups = [];
    for (const box of boxes.sort((one, other) => one.left - other.left)) {
      const last = groups.at(-1);
      if (last && box.left < last.right + LEAST_GAP) {
        last.right = Math.max(last.right, box.right);
        last.top = Math.min(last.top, box.top);
        last.bottom = Math.max(last.bottom, box.bottom);
      } else groups.push({ ...box });
    }
    const tallest = Math.max(0, ...groups.map(({ top, bottom }) => bottom - top));
    return groups.filter(({ top, bottom }) => bottom - top >= LEAST_HEIGHT * tallest).length;
  }

  /** The drawing as a PNG, black on white whatever the page looks like. */
  picture() {
    const sheet = new OffscreenCanvas(SENT_PX, SENT_PX * RATIO);
    const context = sheet.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, sheet.width, sheet.height);
    this.#ink(context, SENT_PX, "#000");
    return sheet.convertToBlob({ type: "image/png" });
  }

  #remember() {
    this.#past.push({ strokes: [...this.#strokes], placed: this.#placed });
  }

  #become({ strokes, placed }) {
    this.#strokes = strokes;
    this.#placed = placed;
    this.#stroke = null;
    this.#pen.down = false;
    this.#paint();
    this.#tell("drawn");
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }

  #begin(event) {
    if (this.#pen.down) this.#liftPen();
    if (event.button !== 0 || this.#stroke) return;
    event.preventDefault(); // no selection, no scrolling
    this.#canvas.focus({ preventScroll: true, focusVisible: false });
    this.#showMarker(false);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#startStroke(this.#point(event));
    this.#stroke.pointer = event.pointerId;
  }

  #extend(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) this.#addPoint(this.#point(one));
  }

  #end() {
    if (!this.#stroke) return;
    this.#stroke = null;
    this.#tell("drawn");
  }

  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    const pressed = event.pointerType === "pen" && event.pressure > 0 ? 0.6 + 0.8 * event.pressure : 1;
    return {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.width,
      width: PEN * pressed,
    };
  }

  #startStroke(point) {
    this.#remember();
    this.#stroke = { points: [point], pointer: null };
    this.#strokes.push(this.#stroke);
    this.#paint();
    this.#tell("drawing");
  }

  #addPoint(point) {
    const { points } = this.#stroke;
    const last = points.at(-1);
    if (Math.hypot(point.x - last.x, point.y - last.y) < LEAST_MOVE) return;
    points.push(point);
    this.#paint();
    this.#tell("drawing");
  }

  #key(event) {
    const arrow = ARROWS[event.key];
    const undo =
      event.key === "Backspace" || (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey));
    if (arrow) this.#movePen(arrow, event.shiftKey ? FINE_STEP : KEY_STEP);
    else if (event.key === " ") this.#togglePen();
    else if (undo) this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    this.#showMarker(true);
  }

  #movePen([across, down], step) {
    const pen = this.#pen;
    pen.x = Math.min(1 - PEN, Math.max(PEN, pen.x + across * step));
    pen.y = Math.min(RATIO - PEN, Math.max(PEN, pen.y + down * step));
    if (pen.down) this.#addPoint({ x: pen.x, y: pen.y, width: PEN });
  }

  #togglePen() {
    const pen = this.#pen;
    if (pen.down) this.#liftPen(true);
    else if (!this.#stroke) {
      this.#startStroke({ x: pen.x, y: pen.y, width: PEN });
      pen.down = true;
      announce("Pen down.");
    }
  }

  #liftPen(stays = false) {
    this.#showMarker(stays);
    if (!this.#pen.down) return;
    this.#pen.down = false;
    announce("Pen up.");
    this.#end();
  }

  #showMarker(shown) {
    this.#marker.hidden = !shown;
    this.#marker.classList.toggle("down", this.#pen.down);
    this.#marker.style.left = `${100 * this.#pen.x}%`;
    this.#marker.style.top = `${(100 * this.#pen.y) / RATIO}%`;
  }

  #paint() {
    const width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (!width) return; // not shown
    const height = Math.round(width * RATIO);
    if (this.#canvas.width !== width) Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    this.#ink(context, width, colour("--ink"));
  }

  #ink(context, width, ink) {
    if (this.#placed) layInk(context, this.#placed, ink, width, width * RATIO);
    Object.assign(context, { strokeStyle: ink, fillStyle: ink, lineCap: "round", lineJoin: "round" });
    for (const { points } of this.#strokes) strokeThrough(context, points, width);
  }
}

/** A smooth stroke: curves from one middle of two points to the next. */
function strokeThrough(context, points, scale) {
  if (points.length === 1) {
    const [{ x, y, width }] = points;
    context.beginPath();
    context.arc(x * scale, y * scale, (width * scale) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  let from = points[0];
  for (let index = 1; index < points.length; index++) {
    const via = points[index - 1];
    const point = points[index];
    const to = index === points.length - 1 ? point : { x: (via.x + point.x) / 2, y: (via.y + point.y) / 2 };
    context.lineWidth = via.width * scale;
    context.beginPath();
    context.moveTo(from.x * scale, from.y * scale);
    context.quadraticCurveTo(via.x * scale, via.y * scale, to.x * scale, to.y * scale);
    context.stroke();
    from = to;
  }
}

function layInk(context, placed, ink, width, height) {
  const tinted = new OffscreenCanvas(placed.width, placed.height);
  const tint = tinted.getContext("2d");
  tint.drawImage(placed, 0, 0);
  tint.globalCompositeOperation = "source-in";
  tint.fillStyle = ink;
  tint.fillRect(0, 0, tinted.width, tinted.height);
  const side = PLACED * height;
  context.imageSmoothingQuality = "high";
  context.drawImage(tinted, (width - side) / 2, (height - side) / 2, side, side);
}
