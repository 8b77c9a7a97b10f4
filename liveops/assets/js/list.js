// Lists, and the selection of their rows.
import { REQUEST_MAX_MS, activate, parse, sleep } from "./dom.js";
import { TICKS, editedFields } from "./fields.js";
import { morphContent } from "./morph.js";
import { isPressed } from "./press.js";
import { languageOf } from "./texts.js";
import { localiseTimes } from "./times.js";

const LIST_INTERVAL_MS = 1_000;
const LIST_RETRY_MS = 5_000;

/**
 * A list that reloads at most once a second, never while hidden, and always after the last
 * change.
 */
class List {
  stale = false;
  busy = false;

  constructor(element) {
    this.element = element;
  }

  async refresh() {
    if (!this.stale || this.busy || isPressed() || this.isOutOfSight() || !this.element.isConnected) return;
    this.stale = false;
    this.busy = true;
    const pause = sleep(LIST_INTERVAL_MS);
    const loaded = await this.load();
    this.stale ||= !loaded;
    await (loaded ? pause : sleep(LIST_RETRY_MS));
    this.busy = false;
    this.refresh();
  }

  isOutOfSight() {
    return document.hidden || this.element.closest("details:not([open])") !== null;
  }

  /**
   * Loads the list. Returns false if another attempt may succeed. Ignores redirects, because a
   * sign-in page is not a list.
   */
  async load() {
    try {
      const response = await fetch(this.element.dataset.liveopList, {
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(REQUEST_MAX_MS),
      });
      if (response.ok && !response.redirected) this.take(await response.text());
      return response.status < 500;
    } catch {
      return false;
    }
  }

  take(html) {
    // The rows stay in their places during a press.
    if (isPressed()) this.stale = true;
    else this.show(html);
  }

  show(html) {
    const content = parse(html);
    const rows = content.querySelector("[data-liveop-list]") ?? content;
    const next = this.element.cloneNode(false);
    next.append(...rows.childNodes);
    // Formatted first, because the comparison depends on the final text.
    localiseTimes(next, languageOf(this.element));
    if (this.element.isEqualNode(next)) return;
    morphContent(this.element, next);
    showTicks(this.element);
    activate(this.element);
  }
}

const lists = new WeakMap();

export function refreshLists(channel) {
  const shown = `[data-liveop-list][data-liveop-channel="${CSS.escape(channel)}"]`;
  document.querySelectorAll(shown).forEach(refreshList);
}

/** Reloads the earlier attempts of an operation whose next attempt has begun. */
export function refreshEarlierAttempts(view) {
  view.querySelectorAll(".op-history[data-liveop-list]").forEach(refreshList);
}

export function refreshList(element) {
  if (!lists.has(element)) lists.set(element, new List(element));
  const list = lists.get(element);
  list.stale = true;
  list.refresh();
}

/** Reloads the lists that changed while they were hidden or pressed. */
export function showNewRows(root) {
  root.querySelectorAll("[data-liveop-list]").forEach((element) => lists.get(element)?.refresh());
}

export function showWhatWasClosed({ target }) {
  if (target.matches?.("details[open]")) showNewRows(target);
}

export function noteTick({ target }) {
  const root = target.closest("[data-liveop-list]");
  if (!root || !target.matches(TICKS)) return;
  if (target.matches("[data-liveop-tick-all]")) {
    for (const row of rowsOf(root)) {
      row.checked = target.checked;
      editedFields.add(row);
    }
  }
  showTicks(root);
}

/** Sets the box for all rows to checked, unchecked or indeterminate. */
function showTicks(root) {
  const all = root.querySelector("[data-liveop-tick-all]");
  if (!all) return;
  const rows = rowsOf(root);
  const ticked = rows.filter((row) => row.checked).length;
  all.checked = ticked > 0 && ticked === rows.length;
  all.indeterminate = ticked > 0 && ticked < rows.length;
}

/** Unticks all rows after a successful action. */
export function untick(form) {
  for (const root of form.querySelectorAll("[data-liveop-list]")) {
    for (const row of rowsOf(root)) {
      row.checked = false;
      editedFields.delete(row);
    }
    showTicks(root);
  }
}

function rowsOf(root) {
  return [...root.querySelectorAll("[data-liveop-tick]")];
}
