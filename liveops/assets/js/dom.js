// Helpers for the document and for requests.

export const REQUEST_MAX_MS = 30_000;

/** Parses HTML. Scripts parsed this way never run, under any CSP. */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export function matching(selector, root) {
  return [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
}

/** Returns the element that follows a channel. */
export function elementOf(channel) {
  const name = CSS.escape(channel);
  return document.querySelector(`[data-liveop-channel="${name}"][data-liveop-socket]`);
}

/**
 * Lets htmx process new content. An htmx that is loaded later processes the whole page by itself.
 */
export function activate(element) {
  window.htmx?.process(element);
}

/** Dispatches an event. Returns false if a listener prevented the default. */
export function emit(target, name, detail) {
  const cancelable = name === "finished" || name === "outdated";
  return target.dispatchEvent(new CustomEvent(`liveop:${name}`, { detail, cancelable, bubbles: true }));
}

export function post(url, { headers, ...options }) {
  headers = { "HX-Request": "true", ...headers };
  return fetch(url, { method: "POST", credentials: "same-origin", headers, ...options });
}

/** Returns true for an answer to a viewer who has been signed out: many applications redirect to a sign-in page. */
export function isSignedOut({ status, redirected }) {
  return status === 401 || redirected;
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

