// What was read, as files that other programs take.

const HEAD = ["line", "position", "digit", "confidence", "second", "x", "y", "width", "height"];

/** A row for every digit, with a head. */
export function csvOf(lines) {
  const rows = lines.flatMap(({ digits }, line) =>
    digits.map(({ digit, confidence, second, box }, position) => [
      line + 1,
      position + 1,
      digit ?? "",
      confidence,
      second.digit,
      ...box,
    ]),
  );
  return [HEAD, ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}

/** Put a text on the clipboard; browsers allow the short way on safe addresses alone. */
export async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const box = document.createElement("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  if (!copied) throw new Error("The browser did not allow copying; mark the digits and copy them yourself.");
}
