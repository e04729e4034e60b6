// Reads and mints digits with the two networks that lie beside this file; models.json says what they are.

const SIZE = 28; // pixels of an image, along each side
const LONGEST = 20; // pixels of a digit within it
const MIDDLE = 14;
const SAMPLES = 6; // per pixel and side, when ink is made smaller
const COLUMNS = 10;
const ROWS = 2;
const REACH = 3; // standard deviations that a slider goes to either side
const PEN = 20; // pixels of the paper

const element = (id) => document.getElementById(id);

// Reading

/** The ink on the paper, from 0 to 1, with where it lies; null if there is none. */
function inkOn(paper) {
  const { width, height } = paper;
  const pixels = paper.getContext("2d").getImageData(0, 0, width, height).data;
  const ink = new Float32Array(width * height);
  let [left, right, top, bottom, mass, x, y] = [width, -1, height, -1, 0, 0, 0];
  for (let at = 0; at < ink.length; at++) {
    const value = 1 - pixels[4 * at] / 255;
    const [column, row] = [at % width, Math.floor(at / width)];
    ink[at] = value;
    mass += value;
    x += value * column;
    y += value * row;
    if (value > 0.5) {
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    }
  }
  if (right < 0) return null;
  return { ink, width, height, x: x / mass, y: y / mass, longest: Math.max(right - left, bottom - top) + 1 };
}

/** Columns per row by which the ink leans. */
function leanOf({ ink, width, x, y }) {
  let [both, down] = [0, 0];
  ink.forEach((value, at) => {
    const [right, below] = [(at % width) - x, Math.floor(at / width) - y];
    both += value * right * below;
    down += value * below * below;
  });
  return down > 0 ? both / down : 0;
}

/** One digit in MNIST's way: 20 pixels long, its centre of mass in the middle; set upright if a lean is given. */
function normalised(drawing, lean, pixels) {
  const { ink, width, height, x, y, longest } = drawing;
  const step = longest / LONGEST;
  const means = new Float32Array(SIZE * SIZE);
  for (let at = 0; at < means.length; at++) {
    for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
      const along = ((sample % SAMPLES) + 0.5) / SAMPLES - 0.5;
      const down = (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - 0.5;
      const below = (Math.floor(at / SIZE) + down - MIDDLE) * step;
      const row = Math.round(y + below);
      const column = Math.round(x + ((at % SIZE) + along - MIDDLE) * step + lean * below);
      if (row >= 0 && row < height && column >= 0 && column < width) means[at] += ink[row * width + column];
    }
  }
  const most = Math.max(...means, 1e-6);
  means.forEach((value, at) => { pixels[at] = Math.round((255 * value) / most); });
}

/** Probabilities after the logits are divided by a temperature. */
function tempered(probabilities, temperature) {
  const powers = probabilities.map((value) => Math.max(value, 1e-30) ** (1 / temperature));
  const sum = powers.reduce((one, other) => one + other);
  return powers.map((value) => value / sum);
}

class ReadingDesk {
  constructor(ort, session, config) {
    Object.assign(this, { ort, session, config });
    this.paper = element("paper");
    this.context = this.paper.getContext("2d", { willReadFrequently: true });
    this.meters = config.class_names.map((name) => {
      const item = document.createElement("li");
      const [label, meter, value] = ["span", "meter", "span"].map((tag) => item.appendChild(document.createElement(tag)));
      label.textContent = name;
      meter.setAttribute("aria-label", `Probability of ${name}`);
      element("probabilities").append(item);
      return { item, meter, value };
    });
    this.clear();
    element("clear").addEventListener("click", () => this.clear());
    this.paper.addEventListener("pointerdown", (event) => this.begin(event));
    this.paper.addEventListener("pointermove", (event) => this.draw(event));
    for (const end of ["pointerup", "pointercancel"]) this.paper.addEventListener(end, () => this.end());
  }

  clear() {
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, this.paper.width, this.paper.height);
    this.drawing = false;
    this.show(null);
  }

  place(event) {
    const box = this.paper.getBoundingClientRect();
    const factor = this.paper.width / box.width;
    return [(event.clientX - box.left) * factor, (event.clientY - box.top) * factor];
  }

  begin(event) {
    this.drawing = true;
    this.paper.setPointerCapture(event.pointerId);
    Object.assign(this.context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
    this.context.beginPath();
    this.context.moveTo(...this.place(event));
    this.draw(event);
  }

  draw(event) {
    if (!this.drawing) return;
    this.context.lineTo(...this.place(event));
    this.context.stroke();
  }

  async end() {
    if (!this.drawing) return;
    this.drawing = false;
    const drawing = inkOn(this.paper);
    this.show(drawing && await this.read(drawing));
  }

  /** Two looks, as it is written and set upright, as `inkmint read` takes them. */
  async read(drawing) {
    const pixels = new Uint8Array(2 * SIZE * SIZE);
    normalised(drawing, leanOf(drawing), pixels.subarray(0, SIZE * SIZE));
    normalised(drawing, 0, pixels.subarray(SIZE * SIZE));
    const images = new this.ort.Tensor("uint8", pixels, [2, SIZE, SIZE]);
    const { data } = (await this.session.run({ images }, ["probabilities"])).probabilities;
    const num = this.config.class_names.length;
    const means = Array.from({ length: num }, (_, at) => (data[at] + data[num + at]) / 2);
    return { pixels, probabilities: tempered(means, this.config.temperature) };
  }

  show(answer) {
    const seen = element("seen").getContext("2d");
    if (answer) paint(seen, answer.pixels, SIZE, 0, 0);
    else seen.clearRect(0, 0, SIZE, SIZE);
    const probabilities = answer ? answer.probabilities : this.meters.map(() => 0);
    const best = probabilities.indexOf(Math.max(...probabilities));
    this.meters.forEach(({ item, meter, value }, at) => {
      meter.value = probabilities[at];
      value.textContent = answer ? `${(100 * probabilities[at]).toFixed(1)} %` : "";
      item.classList.toggle("best", answer !== null && at === best);
    });
    element("answer").textContent = answer
      ? `${this.config.class_names[best]}, ${(100 * probabilities[best]).toFixed(1)} % sure`
      : "Draw a digit.";
  }
}

/** Bright ink on dark, one image of a size at a place of a canvas. */
function paint(context, pixels, size, left, top) {
  const image = context.createImageData(size, size);
  for (let at = 0; at < size * size; at++) image.data.set([pixels[at], pixels[at], pixels[at], 255], 4 * at);
  context.putImageData(image, left, top);
}

// Minting

/** Standard normal numbers (Box and Muller). */
function normal(size) {
  return Float32Array.from({ length: size }, () =>
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
}

class Mint {
  constructor(ort, session, config) {
    Object.assign(this, { ort, session, config, chosen: null, busy: false, waiting: false });
    this.canvas = element("minted");
    [this.canvas.width, this.canvas.height] = [COLUMNS * SIZE, ROWS * SIZE];
    this.buttons = (config.conditional ? ["all", ...config.class_names] : []).map((name, at) => {
      const button = element("classes").appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => this.choose(at ? at - 1 : null));
      return button;
    });
    let nameless = 0;
    this.sliders = config.directions.map(({ name, deviation }) => {
      const label = element("sliders").appendChild(document.createElement("label"));
      const slider = document.createElement("input");
      label.append(name || `style ${++nameless}`, slider);
      const reach = REACH * deviation;
      Object.assign(slider, { type: "range", min: -reach, max: reach, step: reach / 50, value: 0 });
      slider.addEventListener("input", () => this.draw());
      return slider;
    });
    element("again").addEventListener("click", () => this.others());
    element("upright").addEventListener("click", () => {
      for (const slider of this.sliders) slider.value = 0;
      this.draw();
    });
  }

  choose(label) {
    this.chosen = label;
    this.buttons.forEach((button, at) => button.setAttribute("aria-pressed", label === (at ? at - 1 : null)));
    return this.draw();
  }

  others() {
    this.latents = normal(COLUMNS * ROWS * this.config.latent_size);
    return this.choose(this.chosen);
  }

  /** Draw what the sliders say now; of the changes while the network is busy, only the last counts. */
  async draw() {
    this.waiting = true;
    if (this.busy) return;
    this.busy = true;
    while (this.waiting) {
      this.waiting = false;
      await this.mint();
    }
    this.busy = false;
  }

  async mint() {
    const { latent_size: size, class_names: names, directions } = this.config;
    const num = COLUMNS * ROWS;
    const moved = this.latents.slice();
    this.sliders.forEach((slider, number) => {
      if (Number(slider.value)) directions[number].vector.forEach((part, at) => {
        for (let image = 0; image < num; image++) moved[image * size + at] += Number(slider.value) * part;
      });
    });
    const labels = BigInt64Array.from({ length: num }, (_, at) => BigInt(this.chosen ?? at % names.length));
    const { images } = await this.session.run({
      latents: new this.ort.Tensor("float32", moved, [num, size]),
      labels: new this.ort.Tensor("int64", labels, [num]),
    });
    const context = this.canvas.getContext("2d");
    for (let at = 0; at < num; at++) {
      const pixels = images.data.subarray(at * SIZE * SIZE, (at + 1) * SIZE * SIZE);
      paint(context, pixels, SIZE, (at % COLUMNS) * SIZE, Math.floor(at / COLUMNS) * SIZE);
    }
  }
}

// Start

async function started() {
  let ort;
  try {
    ort = await import("./ort/ort.wasm.bundle.min.mjs");
  } catch {
    throw new Error("onnxruntime-web is missing: put its files into the folder ort, as README.md says.");
  }
  ort.env.wasm.wasmPaths = { wasm: new URL("ort/ort-wasm-simd-threaded.wasm", document.baseURI).href };
  ort.env.wasm.numThreads = 1;
  const models = await (await fetch("models.json")).json();
  const open = (config) => ort.InferenceSession.create(config.file);
  const reading = new ReadingDesk(ort, await open(models.recogniser), models.recogniser);
  const mint = new Mint(ort, await open(models.generator), models.generator);
  await mint.others();
  element("about").textContent = `Read by ${models.recogniser.model}, minted by ${models.generator.model}; `
    + `exported by inkmint ${models.generator.inkmint}.`;
  return { reading, mint };
}

try {
  await started();
  element("status").textContent = "";
  document.body.dataset.ready = "true";
} catch (problem) {
  element("status").textContent = problem.message;
  element("status").className = "problem";
}
