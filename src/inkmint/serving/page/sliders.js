// Sliders of style: how much hands differ, and steps along the directions in which digits vary most.

import { element, find } from "./dom.js";
import { percent } from "./words.js";

const MOST_DIRECTIONS = 6;
const REACH = 3; // standard deviations to either side

export class Sliders {
  #place;
  #changed;
  #directions = [];
  #spread;

  /**
   * @param {HTMLElement} place it holds `#spread` and room for the directions
   * @param {() => void} changed called when a slider moves
   */
  constructor(place, changed) {
    this.#place = place;
    this.#changed = changed;
    this.#spread = find("#spread", place);
    this.#spread.addEventListener("input", () => this.#moved());
    find("#reset-sliders", place).addEventListener("click", () => this.#reset());
    this.#write();
  }

  /** Offer the first of these directions, which explain most. */
  offer(directions) {
    this.#directions = directions.slice(0, MOST_DIRECTIONS).map(({ name, explained }, index) => {
      const id = `direction-${index}`;
      const shown = element("output", { for: id });
      const slider = element("input", {
        type: "range",
        id,
        min: -REACH,
        max: REACH,
        step: 0.1,
        value: 0,
        oninput: () => this.#moved(),
      });
      const ends = [-REACH, REACH].map((steps) => ({
        steps,
        picture: element("img", { class: "digits", alt: "", width: 28, height: 28 }),
      }));
      const label = element(
        "label",
        { for: id },
        `${titleOf(name)} · ${percent(explained)} of style `,
        shown,
      );
      const row = element(
        "div",
        { class: "field" },
        label,
        element("div", { class: "between" }, ends[0].picture, slider, ends[1].picture),
      );
      return { index, slider, shown, ends, row };
    });
    find("#directions", this.#place).replaceChildren(...this.#directions.map(({ row }) => row));
    this.#write();
  }

  /** Show at the ends of each slider what it leads to; `mint` is asked with steps by direction. */
  async illustrate(mint) {
    for (const { index, ends } of this.#directions) {
      for (const { steps, picture } of ends) {
        try {
          picture.src = (await mint({ [index]: steps })).pictures[0];
        } catch {
          return; // sliders work without pictures
        }
      }
    }
  }

  /** As the API takes them. */
  values() {
    const moved = this.#directions
      .map(({ index, slider }) => [index, Number(slider.value)])
      .filter(([, steps]) => steps !== 0);
    return { sliders: Object.fromEntries(moved), spread: Number(this.#spread.value) };
  }

  #moved() {
    this.#write();
    this.#changed();
  }

  #reset() {
    for (const slider of [this.#spread, ...this.#directions.map((direction) => direction.slider)])
      slider.value = slider.defaultValue;
    this.#moved();
  }

  #write() {
    find("#spread-shown", this.#place).textContent = `${Math.round(100 * Number(this.#spread.value))}\u00a0%`;
    for (const { slider, shown } of this.#directions) {
      const steps = Number(slider.value);
      shown.textContent = steps ? steps.toFixed(1).replace("-", "−") : "0";
    }
  }
}

function titleOf(name) {
  return /^\d+$/.test(name) ? `Direction ${name}` : capital(name);
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
