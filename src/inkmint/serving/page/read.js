// The view that reads a picture or a PDF: dropped, chosen, pasted or photographed.

import { latest, postFile } from "./api.js";
import { announce, complain, element, find, save } from "./dom.js";
import { digitList } from "./digits.js";
import { copy, csvOf } from "./files.js";
import { readable } from "./pixels.js";
import { counted } from "./words.js";

export function readView(view) {
  const parts = {
    drop: find("#drop"),
    error: find("#read-error"),
    now: find("#reading-now"),
    result: find("#reading-result"),
    annotated: find("#annotated"),
    caption: find("#annotated-caption"),
    lines: find("#lines"),
    note: find("#lines-note"),
  };
  let found = null;
  let stem = "picture";

  const ask = latest((signal, file) => postFile("api/read", file, signal));

  async function read(file) {
    const name = file.name || "picture";
    complain(parts.error, null);
    parts.now.textContent = `Reading ${name} …`;
    try {
      const answer = await ask(await readable(file));
      if (!answer) return; // another one was given
      found = answer;
      stem = name.replace(/\.[^.]*$/, "");
      show(name);
    } catch (error) {
      parts.result.hidden = true;
      complain(parts.error, `${name}: ${error.message}`);
    }
    parts.now.textContent = "";
  }

  function show(name) {
    const digits = found.lines.flatMap((line) => line.digits);
    const numUnread = digits.filter(({ digit }) => digit === null).length;
    parts.result.hidden = false;
    parts.annotated.src = found.annotated;
    parts.annotated.alt = `${name} with a box around every place that was read`;
    parts.caption.textContent = name;
    parts.lines.replaceChildren(...found.lines.map((line) => element("li", {}, digitList(line))));
    const unread = numUnread ? `; ${numUnread} not read, marked ?` : "";
    parts.note.textContent = digits.length
      ? `${counted(digits.length, "place")} in ${counted(found.lines.length, "line")}${unread}.`
      : "No digits were found: write them apart, dark on light, and take the picture from above.";
    if (found.note) parts.note.append(` ${found.note}`);
    announce(
      digits.length ? `Read: ${found.lines.map(({ text }) => text).join(", ")}` : parts.note.textContent,
    );
  }

  function text() {
    return found.lines.map((line) => line.text).join("\n");
  }

  for (const id of ["#file", "#camera"]) {
    find(id).addEventListener("change", ({ target }) => {
      if (target.files[0]) read(target.files[0]);
      target.value = ""; // the same file may be chosen again
    });
  }
  const mark = (over) => parts.drop.classList.toggle("over", over);
  view.addEventListener("dragover", () => mark(true));
  view.addEventListener("dragleave", () => mark(false));
  view.addEventListener("drop", (event) => {
    mark(false);
    const file = event.dataTransfer.files[0];
    if (file) read(file);
  });
  find("#copy-text").addEventListener("click", async () => {
    try {
      await copy(text());
      announce("Copied.");
      parts.now.textContent = "Copied.";
    } catch (error) {
      complain(parts.error, error.message);
    }
  });
  find("#save-json").addEventListener("click", () => {
    const record = { ...found, annotated: undefined }; // JSON leaves that out
    save(new Blob([JSON.stringify(record, null, 2)], { type: "application/json" }), `${stem}.json`);
  });
  find("#save-csv").addEventListener("click", () => {
    save(new Blob([csvOf(found.lines)], { type: "text/csv" }), `${stem}.csv`);
  });

  return { read };
}
