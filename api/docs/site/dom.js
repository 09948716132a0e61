// Makes elements. Whatever comes from outside is set as text, never as HTML.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== undefined && c !== null));
  return node;
}

// prose turns `code` and blank lines into elements; the contract uses no more.
export function prose(text) {
  return (text ?? "").trim().split(/\n\s*\n/).map((paragraph) =>
    el("p", {}, ...paragraph.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part))));
}
