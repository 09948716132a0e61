// Builds the form of one operation from the contract and sends what it holds.

import { curl } from "/docs/curl.js";
import { el, prose } from "/docs/dom.js";
import { resolve } from "/docs/fields.js";

const remembered = { id: "", claims: {} }; // the last order that an answer named, and the claims of all

function parameters(spec, path, operation) {
  return [...(path.parameters ?? []), ...(operation.parameters ?? [])].map((p) => resolve(spec, p));
}

function input(parameter, id) {
  const fresh = parameter.name === "Idempotency-Key";
  const field = el("input", {
    id, name: parameter.name, required: parameter.required, autocomplete: "off", spellcheck: "false",
    value: fresh ? crypto.randomUUID() : parameter.in === "path" ? remembered.id : parameter.example ?? "",
    placeholder: parameter.example ?? "",
    "data-in": parameter.in,
  });
  const row = el("div", { class: "row" }, field);
  if (fresh) row.append(el("button", { type: "button", class: "quiet", onclick: () => { field.value = crypto.randomUUID(); } }, "New key"));
  return el("div", { class: "field" }, el("label", { for: id }, parameter.name, parameter.required ? el("span", { class: "required" }, "required") : null),
    row, ...prose(parameter.description));
}

// form returns the form of an operation and the place where its answer appears.
export function form(spec, route, method, path, operation) {
  const name = operation.operationId;
  const body = operation.requestBody?.content?.["application/json"];
  const example = body && resolve(spec, body.schema).example;
  const answer = el("div", { class: "answer", "aria-live": "polite" });
  const fields = parameters(spec, path, operation).map((p) => input(p, `${name}-${p.name}`));
  if (example) {
    const text = JSON.stringify(example, null, 2);
    fields.push(el("div", { class: "field" }, el("label", { for: `${name}-body` }, "Body"),
      Object.assign(el("textarea", { id: `${name}-body`, name: "body", rows: text.split("\n").length, spellcheck: "false" }), { value: text })));
  }
  const button = el("button", { type: "submit" }, method === "get" ? "Get" : "Send");
  const element = el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      try { await send(event.target, route, method, answer); } finally { button.disabled = false; }
    },
  }, ...fields, el("div", { class: "actions" }, button, el("code", { class: "preview" }, `${method.toUpperCase()} ${route}`)));
  element.append(curl(() => request(element, route, method), operation.security));
  return [element, answer];
}

// request returns what the form asks for, apart from what proves who asks.
function request(element, route, method) {
  const headers = {};
  let url = route;
  const query = new URLSearchParams();
  for (const field of element.querySelectorAll("input")) {
    if (field.dataset.in === "path") url = url.replace(`{${field.name}}`, encodeURIComponent(field.value.trim()));
    else if (field.dataset.in === "query" && field.value !== "") query.set(field.name, field.value);
    else if (field.value !== "") headers[field.name] = field.value;
  }
  const claim = remembered.claims[url.split("/")[3]];
  if (claim) headers["Amends-Claim"] = claim;
  const body = element.elements.body?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { url: query.size ? `${url}?${query}` : url, method: method.toUpperCase(), headers, body };
}

async function send(element, route, method, answer) {
  const { url, headers, body } = request(element, route, method);
  // After a log-in with cookies, a change must prove that it comes from this page.
  const csrf = document.cookie.match(/(?:^|; )__Host-amends-csrf=([^;]*)/)?.[1];
  if (csrf && method !== "get") headers["Amends-CSRF"] = csrf;
  const start = performance.now();
  try {
    const response = await fetch(url, { method: method.toUpperCase(), headers, body, redirect: "error" });
    show(answer, response, await response.text(), Math.round(performance.now() - start));
  } catch (error) {
    answer.replaceChildren(el("p", { class: "status bad" }, "No answer: " + error.message));
  }
}

const shown = ["Location", "Amends-Claim", "Idempotency-Replayed", "Preference-Applied", "Retry-After", "X-Request-Id"];

function show(answer, response, text, took) {
  let value = text;
  try {
    const parsed = JSON.parse(text);
    value = JSON.stringify(parsed, null, 2);
    if (parsed.id && parsed.status) remember(parsed.id);
    const claim = response.headers.get("Amends-Claim");
    if (claim && parsed.id) remembered.claims[parsed.id] = claim;
  } catch { /* not JSON: shown as it is */ }
  const lines = shown.filter((h) => response.headers.has(h)).map((h) => el("div", {}, el("dt", {}, h), el("dd", {}, response.headers.get(h))));
  answer.replaceChildren(
    el("p", { class: "status " + (response.ok ? "good" : "bad") }, `${response.status} ${response.statusText}`, el("span", { class: "took" }, `${took} ms`)),
    lines.length ? el("dl", {}, ...lines) : "",
    el("pre", { tabindex: "0" }, value));
}

// remember fills the order's id into the other forms.
function remember(id) {
  for (const field of document.querySelectorAll('input[data-in="path"]')) {
    if (field.value === "" || field.value === remembered.id) field.value = id;
  }
  remembered.id = id;
}
