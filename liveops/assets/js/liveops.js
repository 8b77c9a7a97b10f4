/**
 * liveops.js keeps the operations and lists of a page live.
 *
 * The page is the only configuration: each `<live-operation>` and `<live-list>` is followed while it
 * is in the document, over one WebSocket per `data-liveop-socket`. Elements may be added and removed.
 * If WebSockets are blocked, the streams of `data-liveop-events` replace them.
 *
 * `window.liveops`
 *   logLinesMax      maximum number of lines of a log in the page; the oldest are removed first
 *   labels           texts of this script, by their names in `LABELS`; assigned ones override those
 *                    that the page has in its own language
 *   apply(html)      applies fragments (`hx-swap-oob`) like a message from the server
 *   reconnect()      reopens every connection over WebSockets, also those that were given up
 *
 * Events (all bubble)
 *   liveop:update      on the container, after HTML was applied: `{channel, cursor}`
 *   liveop:finished    on the container: `{channel, pk, state, url, success_url}`;
 *                      `preventDefault()` keeps the page from moving to `success_url`
 *   liveop:connection  on the document: `{state, reason, socket, transport}`; the state is connected,
 *                      reconnecting or offline, the transport websocket or sse; the reason is null,
 *                      or signed_out for a page that is offline for that reason
 *   liveop:error       on a form that the server refused or did not answer: `{status, message}`
 *   liveop:outdated    on the document, before a page with a script older than the server reloads
 *                      itself: `{wire}`; `preventDefault()` postpones the reload
 *
 * A page with a script older than the server has `data-liveop-outdated` on its root element. It
 * reloads itself, at most once a minute, as soon as no field has been changed, no dialog is open
 * and no form waits for an answer.
 */
import * as actions from "./actions.js";
import { editedFields, forgetEdits } from "./fields.js";
import { applyFragments } from "./fragments.js";
import * as frames from "./frames.js";
import * as list from "./list.js";
import { noteScroll, showNewestLine } from "./log.js";
import * as page from "./page.js";
import { beginPress, endPress, onRelease } from "./press.js";
import { settings } from "./settings.js";
import { countDown, localiseTimes } from "./times.js";
import { noteLeaving, noteReturn } from "./version.js";

// A boosted or restored page may load the script again; the first instance keeps working.
if (!window.liveops) start();

function start() {
  window.liveops = Object.assign(settings, { apply: applyFragments, reconnect });
  listen();
  localiseTimes(document);
  countDown();
  page.follow();
}

function reconnect() {
  everyConnection((connection) => connection.reconnect());
}

function everyConnection(act) {
  page.connections.forEach(act);
}

function followVisibility() {
  frames.followVisibility();
  if (document.hidden) return everyConnection((connection) => connection.rest());
  everyConnection((connection) => connection.wake());
  list.showNewRows(document);
}

function listen() {
  const on = (names, listener, options) => {
    for (const name of names.split(" ")) document.addEventListener(name, listener, options);
  };
  on("input", ({ target }) => editedFields.add(target));
  on("input", list.noteTick);
  on("submit", forgetEdits, true);
  on("submit", actions.interceptAction);
  on("click", actions.noteClick, true);
  on("pointerdown", beginPress, true);
  on("pointerup pointercancel", endPress, true);
  // A box is ticked when the space bar is released.
  on("keydown", (event) => event.key === " " && beginPress(event), true);
  on("keyup", ({ key }) => key === " " && endPress(), true);
  // The names of htmx 2, and those of htmx 4.
  on("htmx:beforeSwap htmx:before:swap", actions.showFormError);
  on("htmx:sendError htmx:timeout htmx:error", actions.showFormUnanswered);
  on("toggle", showNewestLine, true);
  on("scroll", noteScroll, true);
  on("toggle", list.showWhatWasClosed, true);
  on("visibilitychange", followVisibility);
  onRelease(() => list.showNewRows(document));
  window.addEventListener("online", () => everyConnection((connection) => connection.hurry()));
  window.addEventListener("offline", () => everyConnection((connection) => connection.doubt()));
  // An open socket would keep the page out of the back-forward cache.
  window.addEventListener("pagehide", () => everyConnection((connection) => connection.disconnect()));
  window.addEventListener("pageshow", ({ persisted }) => {
    noteReturn();
    if (persisted) reconnect();
  });
  window.addEventListener("submit", noteLeaving);
}
