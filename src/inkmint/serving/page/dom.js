// Small help with the document: building elements, saying things aloud, saving files.

/**
 * A new element.
 * @param {string} tag
 * @param {Object} properties attributes; `on…` are listeners, `true` stands for empty, null and false leave one out
 * @param {...(Node|string|null)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A new SVG element with these attributes. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The one element that a selector names, inside `root`. */
export function find(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Have readers of the screen say this, after what they are saying now. */
export function announce(text) {
  find("#announcement").textContent = text;
}

/** A sentence that something went wrong, or nothing. */
export function complain(place, text) {
  place.textContent = text ?? "";
  place.hidden = !text;
}

/** Call `action`, with the last values, once it has been quiet for `delay` ms. */
export function debounced(action, delay) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), delay);
  };
}

/** Offer a file to keep. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The value of a colour of the style sheet, such as `--ink`. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
