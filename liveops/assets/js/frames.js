// The frames that arrived, applied together once per animation frame: a slow device then changes
// each region once, however often the region has changed since.
import { ADDITIONS_MAX, apply, fragmentsIn } from "./fragments.js";
import { settings } from "./settings.js";

// For a page without animation frames.
const FRAME_MAX_MS = 1_000;

// The content of frames, not parsed yet, and the number of frames of each subscription.
let contents = [];
let counts = new Map();
// The fragments of the contents that are parsed.
let groups = [];
let frame;
let timer;

/** Applies the content of a frame, later. Then calls `applied` of the subscription. */
export function receive(subscription, html) {
  contents.push({ subscription, html });
  counts.set(subscription, (counts.get(subscription) ?? 0) + 1);
  if (timer) return;
  timer = setTimeout(document.hidden ? merge : flush, FRAME_MAX_MS);
  if (!document.hidden) frame = requestAnimationFrame(flush);
}

/** Applies everything that has arrived. */
export function flush() {
  merge();
  const merged = groups;
  groups = [];
  const changed = new Map();
  for (const { subscription, entries } of merged) {
    const ids = apply([...entries.values()].flatMap(fragmentsOf));
    changed.set(subscription, [...(changed.get(subscription) ?? []), ...ids]);
  }
  for (const [subscription, ids] of changed) subscription.applied(ids);
}

/** Shows a page that was hidden as it is now, and rests while it is hidden. */
export function followVisibility() {
  if (!document.hidden) flush();
}

/** Merges the content that has arrived, so that it needs no more memory than the page. */
function merge() {
  clearTimeout(timer);
  cancelAnimationFrame(frame);
  timer = frame = undefined;
  for (const { subscription, html } of contents) {
    for (const fragment of fragmentsIn(html)) add(subscription, fragment);
  }
  contents = [];
  for (const [subscription, count] of counts) subscription.merged(count);
  counts.clear();
}

/** Adds a fragment, which supersedes all earlier ones for its region unless it is an addition. */
function add(subscription, fragment) {
  const { entries } = groupFor(subscription, fragment);
  const { id, element, swap } = fragment;
  if (swap !== "beforeend") {
    entries.set(id, { replacement: fragment, additions: [] });
    return;
  }
  if (!entries.has(id)) entries.set(id, { additions: [] });
  const { replacement, additions } = entries.get(id);
  const lines = replacement?.element ?? additions[0]?.element;
  if (isLog(id) && lines) joinLines(lines, element);
  else additions.push(fragment);
  if (additions.length > ADDITIONS_MAX) additions.shift();
}

/**
 * Returns the group of fragments that are applied in any order of their regions. A snapshot of all
 * custom regions begins a group, because it contains elements that later fragments address.
 */
function groupFor(subscription, { id }) {
  const known = groups.findLast((group) => group.subscription === subscription);
  if (known && !id?.startsWith("op-regions-")) return known;
  const group = { subscription, entries: new Map() };
  groups.push(group);
  return group;
}

function joinLines(lines, more) {
  lines.append(...more.childNodes);
  while (lines.childElementCount > settings.logLinesMax) lines.firstElementChild.remove();
}

function isLog(id) {
  return id?.startsWith("op-log-");
}

function fragmentsOf({ replacement, additions }) {
  return replacement ? [replacement, ...additions] : additions;
}
