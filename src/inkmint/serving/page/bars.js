// Ten bars of probability, one for each digit.

import { element } from "./dom.js";
import { percent } from "./words.js";

export class Bars {
  #rows;

  /** @param {HTMLOListElement} list it is filled with one bar for each class */
  constructor(list, numClasses = 10) {
    this.#rows = Array.from({ length: numClasses }, (_, digit) => {
      const value = element("span", { class: "value" });
      const row = element(
        "li",
        {},
        element("span", { class: "track" }, element("span", { class: "bar" })),
        element("span", { class: "name" }, String(digit)),
        value,
      );
      return { row, value };
    });
    list.replaceChildren(...this.#rows.map(({ row }) => row));
    this.show(null);
  }

  /** Show these probabilities; null for none. The highest stands out unless nothing was read. */
  show(probabilities, best = null) {
    this.#rows.forEach(({ row, value }, digit) => {
      const share = probabilities?.[digit] ?? 0;
      row.style.setProperty("--share", share);
      row.classList.toggle("best", digit === best);
      value.textContent = probabilities ? percent(share) : "";
    });
  }
}
