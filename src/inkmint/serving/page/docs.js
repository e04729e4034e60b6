// The description of the interface, drawn from openapi.json.

import { element, find } from "./dom.js";

const OPERATIONS = ["get", "post", "put", "delete"];

async function draw() {
  const place = find("#operations");
  const response = await fetch("api/openapi.json");
  if (!response.ok) throw new Error(`inkmint refused, with status ${response.status}.`);
  const described = await response.json();
  const operations = Object.entries(described.paths).flatMap(([path, methods]) => (
    OPERATIONS.filter((method) => method in methods).map((method) => ({ method, path, ...methods[method] }))
  ));
  find("#contents").replaceChildren(element("ul", {}, ...operations.map((operation) => (
    element("li", {}, element("a", { href: `#${operation.operationId}` }, element("code", {}, title(operation))))
  ))));
  place.replaceChildren(...operations.map(drawOperation));
  place.setAttribute("aria-busy", "false");
  find("#models-title").hidden = false;
  find("#models").replaceChildren(...Object.entries(described.components?.schemas ?? {}).map(drawModel));
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function title({ method, path }) {
  return `${method.toUpperCase()} ${path}`;
}

function drawOperation(operation) {
  const parameters = operation.parameters ?? [];
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  const responses = Object.entries(operation.responses);
  return element(
    "section", { id: operation.operationId },
    element("h3", {}, element("span", { class: "method" }, operation.method.toUpperCase()), operation.path),
    element("p", {}, operation.description ?? ""),
    parameters.length ? table(["Parameter", "In", "Type", "Meaning"], parameters.map((one) => [
      element("code", {}, one.name + (one.required ? "" : "?")), one.in, typeOf(one.schema), one.description ?? one.schema.description ?? "",
    ])) : null,
    bodies.length ? table(["Body", "Type"], bodies.map(([kind, { schema }]) => [element("code", {}, kind), typeOf(schema)])) : null,
    table(["Status", "Answer", "Meaning"], responses.map(([status, { content, description }]) => [
      status, answer(content), description,
    ])),
  );
}

function answer(content) {
  const kinds = Object.entries(content ?? {});
  if (!kinds.length) return "";
  return element("span", {}, ...kinds.flatMap(([kind, { schema }], place) => [
    place ? ", " : "", kind === "application/json" && schema ? typeOf(schema) : element("code", {}, kind),
  ]));
}

function drawModel([name, schema]) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([field, one]) => [
    element("code", {}, field + (required.has(field) ? "" : "?")), typeOf(one), one.description ?? "",
  ]);
  return element(
    "section", { id: `model-${name}` },
    element("h3", {}, name),
    element("p", {}, schema.description ?? ""),
    rows.length ? table(["Field", "Type", "Meaning"], rows) : null,
  );
}

/** A type in words, with links to models. */
function typeOf(schema = {}) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return element("a", { href: `#model-${name}` }, name);
  }
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return joined(several.map(typeOf), " or ");
  if (schema.enum) return joined(schema.enum.map((value) => element("code", {}, JSON.stringify(value))), " or ");
  if (schema.const !== undefined) return element("code", {}, JSON.stringify(schema.const));
  if (schema.prefixItems) return element("span", {}, "[", joined(schema.prefixItems.map(typeOf), ", "), "]");
  if (schema.type === "array") return element("span", {}, "list of ", typeOf(schema.items));
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return element("span", {}, "names to ", typeOf(schema.additionalProperties));
  }
  const range = [["minimum", "≥"], ["exclusiveMinimum", ">"], ["maximum", "≤"], ["exclusiveMaximum", "<"]]
    .filter(([key]) => schema[key] !== undefined).map(([key, sign]) => `${sign} ${schema[key]}`);
  const type = schema.format === "binary" ? "the file itself" : schema.type ?? "anything";
  return element("span", {}, [type, ...range].join(" "));
}

function joined(parts, between) {
  return element("span", {}, ...parts.flatMap((part, place) => (place ? [between, part] : [part])));
}

function table(heads, rows) {
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))))));
}

draw().catch((error) => find("#operations").replaceChildren(element("p", {}, error.message)));
