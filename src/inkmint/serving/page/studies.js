// The reports that commands wrote, each to be opened here or in a tab of its own.

import { getJson } from "./api.js";
import { connection } from "./connection.js";
import { complain, element, find } from "./dom.js";
import { ago } from "./words.js";

const KINDS = {
  run: "one run",
  demo: "demonstration",
  mix: "real and minted digits mixed",
  sweep: "sweep over settings",
  page: "page",
};

export function studiesView() {
  const parts = {
    all: find("#all-studies"),
    list: find("#study-list"),
    error: find("#studies-error"),
    study: find("#study"),
    title: find("#study-title"),
    alone: find("#study-alone"),
    frame: find("#study-frame"),
  };
  let studies = [];

  async function load() {
    try {
      studies = await getJson("api/studies");
      complain(parts.error, null);
    } catch (error) {
      complain(parts.error, error.message);
    }
    parts.list.replaceChildren(...studies.map(item));
    if (!studies.length)
      parts.list.replaceChildren(
        element("li", { class: "soft" }, "There are no reports yet; `inkmint report` writes one of a run."),
      );
  }

  function item({ title, kind, folder, url, changed }) {
    return element(
      "li",
      {},
      element("a", { class: "title", href: `#studies/${encodeURIComponent(url)}` }, title),
      element(
        "span",
        { class: "small soft under" },
        `${KINDS[kind] ?? kind} · `,
        element("span", { class: "mono" }, folder),
        ` · ${ago(changed)}`,
      ),
    );
  }

  function open(url) {
    const study = studies.find((one) => one.url === url) ?? { title: "Report" };
    parts.title.textContent = study.title;
    parts.alone.href = url;
    if (parts.frame.getAttribute("src") !== url) parts.frame.src = url;
    parts.frame.title = study.title;
    parts.title.focus();
  }

  connection.addEventListener("regained", load);

  return {
    async show(place) {
      await load();
      const url = decodeURIComponent(place);
      const isOpen = isReport(url);
      parts.all.hidden = isOpen;
      parts.study.hidden = !isOpen;
      if (isOpen) open(url);
      else parts.frame.removeAttribute("src");
    },
  };
}

/** Whether an address is one of ours: what stands after # comes from outside. */
function isReport(address) {
  const url = new URL(address, document.baseURI);
  return (
    address !== "" &&
    url.origin === location.origin &&
    url.pathname.startsWith(new URL("studies/", document.baseURI).pathname)
  );
}
