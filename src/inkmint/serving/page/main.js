// The views and the way between them: the address after # names the view and what is open in it.

import { drawView } from "./draw.js";
import { find } from "./dom.js";
import { generateView } from "./generate.js";
import { readView } from "./read.js";
import { runsView } from "./runs.js";
import { studiesView } from "./studies.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const makers = {
  draw: drawView,
  generate: generateView,
  read: readView,
  runs: runsView,
  studies: studiesView,
};
const views = {};
const app = {
  /** Go to a view, such as `read`, or to what is open in it, such as `runs/NAME`. */
  go: (place) => {
    location.hash = place;
  },
  /** A view, made when it is first wanted. */
  view: (name) => (views[name] ??= makers[name](find(`#view-${name}`), app)),
};
let current = null;

function route() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const wanted = Object.hasOwn(makers, name) ? name : "draw";
  for (const tab of tabs) {
    const selected = tab.id === `tab-${wanted}`;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    find(`#${tab.getAttribute("aria-controls")}`).hidden = !selected;
    if (selected) document.title = `${tab.textContent} · inkmint`;
  }
  if (current && current !== wanted) {
    app.view(current).hide?.();
    scrollTo(0, 0);
  }
  current = wanted;
  app.view(wanted).show?.(rest.join("/"));
}

function moveAlong(event) {
  const index = tabs.indexOf(event.target);
  const to = {
    ArrowLeft: (index + tabs.length - 1) % tabs.length,
    ArrowRight: (index + 1) % tabs.length,
    Home: 0,
    End: tabs.length - 1,
    " ": index,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  tabs[to].focus();
  tabs[to].click();
}

for (const tab of tabs) tab.addEventListener("keydown", moveAlong);
addEventListener("hashchange", route);
// A file that misses its place must not be opened in place of the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])][0];
  if (!file) return;
  app.go("read");
  app.view("read").read(file);
});
route();
