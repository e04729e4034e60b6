// Numbers and times as people read them.

const SPACE = "\u00a0"; // it does not break

/** 0.987 as `98.7 %`; what is nearly nothing or nearly all is not rounded to it. */
export function percent(share) {
  if (share > 0 && share < 0.001) return `<0.1${SPACE}%`;
  if (share < 1 && share > 0.999) return `>99.9${SPACE}%`;
  return `${(100 * share).toFixed(1)}${SPACE}%`;
}

/** Four digits that matter: 0.041234 as `0.04123`, 12345.6 as `12,346`. */
export function figure(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  if (Math.abs(value) < 1e-4) return value.toExponential(1);
  return value.toPrecision(4);
}

/** A value beside an axis, as short as it can be. */
export function mark(value) {
  return Math.abs(value) >= 1000 || Number.isInteger(value)
    ? figure(value)
    : String(Number(value.toPrecision(3)));
}

/** 2.4 as `2.4`, 3.0 as `3`, 0.123456 as `0.12`. */
export function epochs(value) {
  return String(Number(value.toFixed(2)));
}

/** 125 seconds as `2:05`, 8 as `8 s`. */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${SPACE}s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A name from a record, `classes_present`, as words. */
export function words(name) {
  return name.replaceAll("_", " ");
}

/** `1 digit`, `2 digits`. */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** How long ago a time in seconds since 1970 was: `now`, `5 minutes ago`, else its date. */
export function ago(time) {
  const seconds = Date.now() / 1000 - time;
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${counted(Math.floor(seconds / 60), "minute")} ago`;
  if (seconds < 86400) return `${counted(Math.floor(seconds / 3600), "hour")} ago`;
  return new Date(1000 * time).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}
