// The log of an operation. It follows its newest line until the reader scrolls up.
import { matching } from "./dom.js";
import { isPressed } from "./press.js";
import { settings } from "./settings.js";
import { label, languageOf } from "./texts.js";

const BOTTOM_TOLERANCE_PX = 24;
// A log that does not follow keeps this many times as many lines, so that none disappears under the
// eyes of the reader.
const KEPT_WHILE_READING = 10;

// A log that follows also does so after its size has changed, for example on a screen that is turned.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) if (isFollowing(target)) scrollToBottom(target);
});
// The logs that the reader has scrolled up, and the number of lines that have come since.
const readers = new WeakMap();

export function logsIn(root) {
  return matching(".op-log", root);
}

/** Shows the newest line of a log that has come into the page, and keeps it in sight. */
export function settle(log) {
  dropOldLines(log);
  scrollToBottom(log);
  sizes.observe(log);
}

/**
 * Appends log lines. The line numbers show which lines were in the log earlier and have been
 * removed since.
 */
export function appendLines(log, lines) {
  const newest = lineNumber(log.lastElementChild);
  const isNew = (line) => !(lineNumber(line) <= newest);
  const fresh = lines.filter(isNew).slice(-settings.logLinesMax);
  keepPlace(log, () => {
    log.append(...fresh);
    dropOldLines(log);
  });
  if (readers.has(log)) countNew(log, fresh.length);
}

/** Changes a log and keeps the reader at the lines that the reader sees, or at the newest one. */
export function keepPlace(log, change) {
  if (isFollowing(log)) {
    change();
    return scrollToBottom(log);
  }
  const anchor = log.lastElementChild;
  const top = anchor?.getBoundingClientRect().top;
  change();
  if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - top;
}

export function dropOldLines(log) {
  const max = settings.logLinesMax * (isFollowing(log) ? 1 : KEPT_WHILE_READING);
  while (log.childElementCount > max) log.firstElementChild.remove();
}

function lineNumber(line) {
  return Number(/-(\d+)$/.exec(line?.id)?.[1]);
}

/** A log does not move while the reader presses or selects something in it. */
function isFollowing(log) {
  if (readers.has(log)) return false;
  if (!log.isConnected) return true;
  const { anchorNode, isCollapsed } = document.getSelection();
  return isCollapsed ? !isPressed(log) : !log.contains(anchorNode);
}

/** Records whether the reader has scrolled up or down to the newest line. */
export function noteScroll({ target: log }) {
  if (!log.matches?.(".op-log")) return;
  const gap = log.scrollHeight - log.scrollTop - log.clientHeight;
  if (gap < BOTTOM_TOLERANCE_PX) follow(log);
  else if (!readers.has(log)) readers.set(log, 0);
}

function follow(log) {
  readers.delete(log);
  pillOf(log)?.remove();
}

/** Shows how many lines have come since the reader scrolled up, as a button that leads to them. */
function countNew(log, count) {
  const total = readers.get(log) + count;
  readers.set(log, total);
  if (total === 0) return;
  const pill = pillOf(log) ?? createPill(log);
  const number = total.toLocaleString(languageOf(log));
  pill.textContent = label("newLines", log).replace("{count}", () => number);
}

function pillOf(log) {
  const next = log.nextElementSibling;
  return next?.matches(".op-log-new") ? next : null;
}

function createPill(log) {
  const pill = document.createElement("button");
  pill.type = "button";
  pill.className = "op-log-new";
  pill.addEventListener("click", () => {
    follow(log);
    dropOldLines(log);
    scrollToBottom(log);
    log.focus({ preventScroll: true });
  });
  log.after(pill);
  return pill;
}

/** Scrolls an opened log to its bottom. A closed log has no height and cannot scroll. */
export function showNewestLine({ target }) {
  if (!target.matches?.(".op-log-box[open], .op-folded[open]")) return;
  for (const log of logsIn(target)) if (isFollowing(log)) scrollToBottom(log);
}

function scrollToBottom(log) {
  log.scrollTop = log.scrollHeight;
}

