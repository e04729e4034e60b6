// The samples of a run: the same latents after each epoch, one at a time.

import { element } from "./dom.js";

/** `epoch_0003.png` as `epoch 3`. */
export function sampleTime(name) {
  const number = name.match(/\d+/);
  return number ? `epoch ${Number(number[0])}` : name;
}

export class Samples {
  #address;
  #names = [];
  #picture = element("img", { class: "digits", alt: "" });
  #slider = element("input", { type: "range", id: "sample-epoch", min: 0, step: 1 });
  #shown = element("output", { for: "sample-epoch" });

  /** @param {string} address of the pictures, without their names */
  constructor(address) {
    this.#address = address;
    this.#slider.addEventListener("input", () => this.#paint());
    const label = element(
      "label",
      { for: "sample-epoch" },
      "The same latents after each epoch ",
      this.#shown,
    );
    this.section = element(
      "section",
      { class: "samples", "aria-label": "Samples", hidden: true },
      this.#picture,
      element("div", { class: "field" }, label, this.#slider),
    );
  }

  /** Show these pictures, the last of them, in the order of time. */
  show(names) {
    this.#names = [...names];
    this.#last();
  }

  /** One more; it is shown if the one before was. */
  add({ name }) {
    if (this.#names.includes(name)) return;
    const atEnd = Number(this.#slider.value) >= this.#names.length - 1;
    this.#names.push(name);
    if (atEnd) this.#last();
    else this.#slider.max = this.#names.length - 1;
  }

  #last() {
    this.#slider.max = Math.max(0, this.#names.length - 1);
    this.#slider.value = this.#slider.max;
    this.#paint();
  }

  #paint() {
    this.section.hidden = this.#names.length === 0;
    const name = this.#names[Number(this.#slider.value)];
    if (!name) return;
    const when = sampleTime(name);
    this.#picture.src = `${this.#address}/${encodeURIComponent(name)}`;
    this.#picture.alt = `Sample digits after ${when}`;
    this.#shown.textContent = when;
    this.#slider.setAttribute("aria-valuetext", when);
  }
}
