// The page of a chain: the next operation below those that have ended.
import { activate, parse } from "./dom.js";
import { focusContainer } from "./fields.js";
import { inheritConnection } from "./fragments.js";
import { refreshList } from "./list.js";
import { label } from "./texts.js";

const READ_ONLY = "data-liveop-read-only";
const LEFT = "data-liveop-left";
const LEFT_OPERATIONS_MAX = 10;

/**
 * Shows the next operation of a chain below `view`, which stays in the page, folded, and is no
 * longer followed. Returns false if `html` has no container.
 */
export function continueIn(html, view, { token, url }) {
  const content = parse(html);
  const container = content.querySelector(".liveop[data-liveop-channel]");
  if (!container || !view.isConnected) return false;
  container.removeAttribute("hx-swap-oob");
  inheritConnection(view, container);
  if (token) container.dataset.liveopToken = token;
  // The server renders the container for all viewers alike.
  container.toggleAttribute(READ_ONLY, view.hasAttribute(READ_ONLY));
  // The chain may come back to an operation that it has left.
  document.getElementById(container.id)?.remove();
  const hasFocus = view.contains(document.activeElement);
  const sections = sectionsOf(view);
  view.after(container);
  if (sections) {
    sections.remove();
    container.after(...content.querySelectorAll(".op-sections"));
  }
  fold(view);
  dropOldest(view);
  renamePage(view, container, url);
  if (hasFocus) focusContainer(container);
  for (const element of [container, sectionsOf(container)]) if (element) activate(element);
  sectionsOf(container)?.querySelectorAll("[data-liveop-list]").forEach(refreshList);
  return true;
}

/** The sections of the page of an operation that belong to one viewer. */
function sectionsOf(view) {
  const next = view.nextElementSibling;
  return next?.matches(".op-sections") ? next : null;
}

/** Leaves an operation: keeps its title in sight and folds everything else. */
function fold(view) {
  const folded = document.createElement("details");
  folded.className = "op-folded";
  const summary = document.createElement("summary");
  summary.textContent = label("result", view);
  const isFolded = (element) => !element.matches(".op-head, .op-description, .op-previous");
  folded.append(summary, ...[...view.children].filter(isFolded));
  view.append(folded);
  view.toggleAttribute(LEFT, true);
  delete view.dataset.liveopChannel;
}

/** Removes the oldest operations of a long chain. Each of the others leads to its predecessor. */
function dropOldest(view) {
  for (let count = 1; view?.hasAttribute(LEFT); count += 1) {
    const previous = view.previousElementSibling;
    if (count > LEFT_OPERATIONS_MAX) view.remove();
    view = previous;
  }
}

/** Gives the page of an operation the address and the title of the next one. */
function renamePage(view, container, url) {
  const address = ({ dataset }) => dataset.liveopEvents?.replace(/events$/, "");
  if (!url || address(view) !== location.pathname) return;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // A browser limits the changes in a short time. The page stays at an earlier address.
    return;
  }
  const [from, to] = [view, container].map(({ dataset }) => dataset.liveopTitle);
  // The layout of the application may have put more into the title.
  if (to) document.title = from && document.title.includes(from) ? document.title.replace(from, () => to) : to;
}
