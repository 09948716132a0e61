// Lists the fields of a request or an answer, from the schemas of the contract.

import { el, prose } from "/docs/dom.js";

// resolve follows one $ref.
export function resolve(spec, node) {
  if (!node?.$ref) return node;
  return node.$ref.replace("#/", "").split("/").reduce((at, key) => at[key], spec);
}

const deepest = 6; // levels of a schema, against one that contains itself

// whole returns a schema with those of its allOf in it.
function whole(spec, node) {
  const schema = resolve(spec, node) ?? {};
  return (schema.allOf ?? []).map((part) => whole(spec, part)).reduce((all, part) => ({
    ...part, ...all,
    properties: { ...part.properties, ...all.properties },
    required: [...(part.required ?? []), ...(all.required ?? [])],
  }), { ...schema, allOf: undefined });
}

// rules returns what a value has to be, in words.
function rules(schema) {
  const words = [];
  if (schema.enum) words.push(schema.enum.join(" | "));
  else if (schema.format) words.push(schema.format);
  if (schema.minimum !== undefined) words.push("≥ " + schema.minimum);
  if (schema.maximum !== undefined) words.push("≤ " + schema.maximum);
  if (schema.minLength) words.push(`≥ ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) words.push(`≤ ${schema.maxLength} characters`);
  if (schema.minItems) words.push(`≥ ${schema.minItems} entries`);
  if (schema.maxItems !== undefined) words.push(`≤ ${schema.maxItems} entries`);
  return words.join(", ");
}

// rows returns a row for each field of a schema, those of inner objects with their path.
function rows(spec, node, path = "", depth = 0) {
  const schema = whole(spec, node);
  if (depth > deepest) return [];
  if (schema.type === "array") return rows(spec, schema.items, path + "[]", depth + 1);
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const field = whole(spec, inner), at = path ? `${path}.${name}` : name;
    const kind = field.type === "array" ? `${whole(spec, field.items).type ?? "object"}[]` : field.type ?? "object";
    return [el("tr", {}, el("td", {}, el("code", {}, at), required.has(name) ? el("span", { class: "required" }, " required") : null),
      el("td", {}, kind), el("td", {}, rules(field), ...(field.description ? prose(field.description) : []))), ...rows(spec, inner, at, depth + 1)];
  });
}

// fields returns the list of a schema's fields under a title, null if it has none.
export function fields(spec, node, title) {
  const all = rows(spec, node);
  if (all.length === 0) return null;
  return el("details", { class: "fields" }, el("summary", {}, title), el("table", {},
    el("thead", {}, el("tr", {}, ...["Field", "Type", "Rules and meaning"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...all)));
}
