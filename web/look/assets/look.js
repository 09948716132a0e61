// The one module of all pages. It replaces fragments of a page as its stream sends them, and
// keeps a form from being sent twice. Without it every page can be read, and forms work.

// waiting has the newest version of each fragment that the reader was using when it came.
const waiting = new Map();

// used reports whether the reader is using an element: it has the focus, or a form is open
// or filled in.
function used(element) {
  if (element.contains(document.activeElement) && document.activeElement !== document.body) return true;
  // A form that the page itself has opened is not the reader's yet.
  if (element.querySelector("details[open]:not([data-open]) form, dialog[open]")) return true;
  return [...element.querySelectorAll("input:not([type=hidden]), textarea")].some(
    (field) => (field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
}

function put(fragment) {
  const old = document.getElementById(fragment.id);
  if (!old) return;
  if (used(old)) {
    waiting.set(fragment.id, fragment);
    return;
  }
  waiting.delete(fragment.id);
  if (old.outerHTML === fragment.outerHTML) return;
  // What the reader has scrolled sideways, or opened, stays as it is.
  const regions = "[role=region][aria-label]";
  const scrolled = new Map([...old.querySelectorAll(regions)].map((e) => [e.ariaLabel, e.scrollLeft]));
  const opened = [...old.querySelectorAll("details[id][open]")].map((e) => e.id);
  old.replaceWith(fragment);
  for (const e of fragment.querySelectorAll(regions)) e.scrollLeft = scrolled.get(e.ariaLabel) || 0;
  for (const id of opened) {
    const now = document.getElementById(id);
    if (now) now.open = true;
  }
}

function receive(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const fragment of [...parsed.body.children]) {
    if (fragment.id) put(document.adoptNode(fragment));
  }
}

// catchUp puts what waits for the reader to leave it.
function catchUp() {
  for (const fragment of [...waiting.values()]) put(fragment);
}

let stream = null;

function open() {
  const path = document.body.dataset.stream;
  if (!path || stream || document.hidden) return;
  stream = new EventSource(path);
  stream.addEventListener("fragments", (e) => receive(e.data));
  stream.addEventListener("leave", (e) => location.assign(e.data));
  stream.addEventListener("end", () => {
    close();
    delete document.body.dataset.stream;
  });
}

function close() {
  if (stream) stream.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
addEventListener("pageshow", (e) => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  if (e.persisted) open();
});
document.addEventListener("focusout", () => setTimeout(catchUp, 0));
document.addEventListener("toggle", () => setTimeout(catchUp, 0), true);

// A form that is on its way is not sent once more.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    e.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});

// A box with data-all checks all boxes of that name in its form.
document.addEventListener("change", (e) => {
  const name = e.target.dataset && e.target.dataset.all;
  if (!name) return;
  for (const box of e.target.form.elements) {
    if (box.name === name) box.checked = e.target.checked;
  }
});

open();
