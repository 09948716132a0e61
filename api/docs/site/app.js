// The page to try the API: everything on it comes from the contract.

import { el, prose } from "/docs/dom.js";
import { fields, resolve } from "/docs/fields.js";
import { form } from "/docs/form.js";

const methods = ["get", "post", "put", "patch", "delete"];

async function json(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

function operations(spec) {
  return Object.entries(spec.paths).flatMap(([route, path]) =>
    methods.filter((m) => path[m]).map((method) => ({ route, method, path, operation: path[method] })));
}

function answers(operation) {
  return el("ul", { class: "responses" }, ...Object.keys(operation.responses).sort().map((status) =>
    el("li", { class: status < 400 ? "good" : "bad" }, status)));
}

// shapes lists the fields of the request and of the answer that is no problem.
function shapes(spec, operation) {
  const json = (part) => part?.content?.["application/json"]?.schema;
  const good = Object.keys(operation.responses).sort().find((status) => status < 300 && json(resolve(spec, operation.responses[status])));
  return [fields(spec, json(resolve(spec, operation.requestBody)), "Fields of the request"),
    good && fields(spec, json(resolve(spec, operation.responses[good])), `Fields of the answer ${good}`)];
}

function card(spec, { route, method, path, operation }) {
  const [request, answer] = form(spec, route, method, path, operation);
  return el("section", { class: "card", id: operation.operationId },
    el("h3", {}, el("span", { class: "method " + method }, method.toUpperCase()), el("code", {}, route), el("span", { class: "summary" }, operation.summary)),
    el("div", { class: "body" }, el("div", { class: "request" }, ...prose(operation.description), answers(operation), ...shapes(spec, operation), request), answer));
}

function problem({ code, status, title, advice }) {
  return el("tr", { id: code }, el("td", {}, String(status)), el("td", {}, el("code", {}, code)), el("td", {}, el("strong", {}, title), ". ", advice));
}

function token({ name, effect, outcome }) {
  return el("tr", {}, el("td", {}, el("code", {}, name)), el("td", {}, effect), el("td", {}, outcome));
}

async function ready() {
  const badge = document.getElementById("ready");
  const good = await fetch("/readyz").then((r) => r.ok, () => false);
  badge.textContent = good ? "ready" : "not ready";
  badge.className = good ? "good" : "bad";
}

async function main() {
  const [spec, problems, tokens] = await Promise.all(["openapi", "problems", "tokens"].map((name) => json(`/docs/${name}.json`)));
  const all = operations(spec);
  document.getElementById("about").append(...prose(spec.info.description));
  document.getElementById("operations").append(...spec.tags.flatMap((tag) => {
    const cards = all.filter(({ operation }) => operation.tags.includes(tag.name)).map((o) => card(spec, o));
    return [el("h2", {}, tag.name), el("p", {}, tag.description), ...cards];
  }));
  document.getElementById("nav").append(...all.filter(({ operation }) => operation.tags.includes("orders"))
    .map(({ operation }) => el("a", { href: "#" + operation.operationId }, operation.summary)), el("a", { href: "#tokens" }, "Test tokens"), el("a", { href: "#codes" }, "Problem codes"));
  document.getElementById("tokenlist").append(...tokens.map(token));
  document.getElementById("problems").append(...problems.map(problem));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  await ready();
}

main().catch((error) => document.getElementById("about").append(el("p", { class: "status bad" }, "This page failed to load: " + error.message)));
