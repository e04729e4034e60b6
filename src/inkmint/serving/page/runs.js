// The runs: their list, one of them, or several compared. `#runs/NAME` is one, `#runs/NAME+NAME` compares.

import { compareView } from "./compare.js";
import { find } from "./dom.js";
import { runListView } from "./run_list.js";
import { runView } from "./run.js";

export function runsView(view) {
  let open = null;

  return {
    show(place) {
      open?.close();
      const names = place ? place.split("+").map(decodeURIComponent) : [];
      if (names.length === 0) open = runListView(view);
      else if (names.length === 1) open = runView(view, names[0]);
      else open = compareView(view, names);
      if (names.length) find("h1", view).focus();
    },
    hide() {
      open?.close();
      open = null;
    },
  };
}
