// Fragments of the server: pieces of HTML that name the element that they change.
import { activate, parse } from "./dom.js";
import { appendLines, dropOldLines, keepPlace, logsIn } from "./log.js";
import { morph } from "./morph.js";
import { countDown, localiseTimes } from "./times.js";

// The number of additions that a region keeps, as the server does.
export const ADDITIONS_MAX = 1_000;

const BUILT_IN_REGIONS = new Set([
  "status", "progress", "stages", "log", "result", "controls", "traceback",
]);
const ROW_REGIONS = new Set(["row-progress", "row-status"]);
const REGION_ID = /^op-(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** Applies every top-level fragment of `html` and returns the addressed ids. */
export function applyFragments(html) {
  return apply(fragmentsIn(html));
}

/** Returns the fragments of `html`, in order. */
export function fragmentsIn(html) {
  return [...parse(html).children].map((element) => {
    const [swap, id = element.id] = (element.getAttribute("hx-swap-oob") ?? "").split(":#");
    element.removeAttribute("hx-swap-oob");
    return { id, element, swap };
  });
}

/** Applies fragments and returns the ids of the elements in the page that they address. */
export function apply(fragments) {
  const ids = fragments.map(applyFragment);
  countDown();
  return ids;
}

function applyFragment({ id, element, swap }) {
  const target = swap && (document.getElementById(id) ?? createRegion(id));
  if (!target) return null;
  if (swap === "beforeend") append(target, element);
  else replace(target, element);
  return id;
}

/**
 * Creates the element of a custom region at its first fragment, so that a template need not
 * contain the region. Returns null for other ids.
 */
function createRegion(id) {
  const [, name, operation] = REGION_ID.exec(id) ?? [];
  const regions = document.getElementById(`op-${operation}`)?.querySelector(".op-regions");
  if (!regions || BUILT_IN_REGIONS.has(name) || ROW_REGIONS.has(name)) return null;
  const region = document.createElement("div");
  region.id = id;
  region.className = "op-region";
  regions.append(region);
  return region;
}

function replace(target, fragment) {
  inheritConnection(target, fragment);
  logsIn(fragment).forEach(dropOldLines);
  localiseTimes(fragment);
  const shown = target.id === fragment.id ? target : fragment;
  if (shown === fragment) target.replaceWith(fragment);
  else if (target.matches(".op-log")) keepPlace(target, () => morph(target, fragment));
  else if (!target.isEqualNode(fragment)) morph(target, fragment);
  adoptState(shown);
  activate(shown);
}

/** Copies the viewer's attributes, because a published container is the same for all viewers. */
export function inheritConnection(target, fragment) {
  if (!fragment.dataset.liveopChannel) return;
  const names = ["liveopSocket", "liveopTokens", "liveopKeepalive"];
  if (fragment.dataset.liveopChannel === target.dataset.liveopChannel) {
    names.push("liveopToken", "liveopCursor");
  }
  for (const name of names) {
    if (name in target.dataset && !(name in fragment.dataset)) {
      fragment.dataset[name] = target.dataset[name];
    }
  }
}

/** Copies `data-liveop-state` of a region to its container. */
function adoptState(region) {
  const container = region.closest(".liveop");
  const { liveopState } = region.dataset;
  if (container && liveopState) container.dataset.liveopState = liveopState;
}

/**
 * Appends the children of a fragment. Skips elements with an id of the page, so that a repeated
 * line shows only once.
 */
function append(target, fragment) {
  const isFresh = ({ id }) => !id || !document.getElementById(id);
  const nodes = [...fragment.childNodes].filter(isFresh);
  const elements = nodes.filter(({ nodeType }) => nodeType === Node.ELEMENT_NODE);
  if (target.matches(".op-log")) appendLines(target, elements);
  else appendNodes(target, nodes);
  for (const element of elements) if (element.isConnected) activate(element);
}

// The nodes of each addition to a region, the oldest first.
const additions = new WeakMap();

/** Appends nodes to a region and keeps its newest additions, as the server does. */
function appendNodes(region, nodes) {
  if (!additions.has(region)) additions.set(region, []);
  const kept = additions.get(region);
  kept.push(nodes);
  region.append(...nodes);
  if (kept.length > ADDITIONS_MAX) for (const node of kept.shift()) node.remove();
}
