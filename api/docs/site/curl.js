// Shows a request as a curl command that can be copied.

import { el } from "/docs/dom.js";

// quoted returns a text as one word of a POSIX shell.
function quoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

// command returns the request as a command. A token is not on this page: the reader sets
// AMENDS_API_KEY.
function command({ url, method, headers, body }, secured) {
  const words = ["curl -sS"];
  if (method !== "GET" && !(method === "POST" && body !== undefined)) words.push("-X " + method);
  words.push(quoted(location.origin + url));
  if (secured && !headers["Amends-Claim"]) words.push('-H "Authorization: Bearer $AMENDS_API_KEY"');
  for (const [name, value] of Object.entries(headers)) words.push("-H " + quoted(`${name}: ${value}`));
  if (body !== undefined) words.push("-d " + quoted(compact(body)));
  return words.join(" \\\n  ");
}

// compact returns a body in one line, as it is written if it is not JSON.
function compact(body) {
  try { return JSON.stringify(JSON.parse(body)); } catch { return body; }
}

// curl returns the part of a form that shows its present request as a command.
export function curl(request, security) {
  const secured = (security ?? []).length > 0 && !security.some((way) => Object.keys(way).length === 0); // {}: a guest may ask, too
  const text = el("pre", { tabindex: "0" });
  const copy = el("button", {
    type: "button", class: "quiet",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text); // no clipboard without HTTPS: the reader copies it
        copy.textContent = "Selected";
      }
    },
  }, "Copy");
  const part = el("details", { class: "curl" }, el("summary", {}, "curl"), text, copy);
  part.addEventListener("toggle", () => {
    text.textContent = command(request(), secured);
    copy.textContent = "Copy";
  });
  return part;
}
