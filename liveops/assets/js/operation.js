// The element of one operation: its state and its end.
import { emit } from "./dom.js";
import { refreshLists } from "./list.js";
import { label } from "./texts.js";

export const TERMINAL_STATES = new Set(["FINISHED_OK", "FINISHED_ERROR", "CANCELLED"]);

/**
 * Derives the state of a run that starts or starts again, because no frame names it. The badge
 * beside Cancel names the state. On a page without a badge, the run has started if a stage is
 * active or Cancel is offered again.
 */
export function followState(subscription, ids) {
  const { view } = subscription;
  const badge = view.querySelector(".op-controls .liveops-badge")?.dataset.state;
  const state = view.dataset.liveopState;
  const outlineChanged = ids.some((id) => /^op-(stages|controls)-/.test(id ?? ""));
  const started =
    state === "NOT_STARTED"
      ? view.querySelector('.op-stage[data-state="active"]')
      : TERMINAL_STATES.has(state) && view.querySelector('.op-controls form[action$="/cancel"]');
  if (badge && !TERMINAL_STATES.has(badge)) view.dataset.liveopState = badge;
  else if (!badge && outlineChanged && started) view.dataset.liveopState = "STARTED";
  if (!TERMINAL_STATES.has(view.dataset.liveopState)) subscription.finished = false;
  if (view.dataset.liveopState !== state) refreshLists(subscription.channel);
}

/**
 * Handles the end of a run. An end that is repeated after a reconnect changes nothing. The end of
 * another run is a new end, even if the page has not received the start of that run.
 */
export function finish(subscription, outcome) {
  const { view, channel, attempt } = subscription;
  const isAnother = subscription.finishedAttempt && subscription.finishedAttempt !== attempt;
  if (subscription.finished && !isAnother) return;
  subscription.finished = true;
  subscription.finishedAttempt = attempt;
  view.dataset.liveopState = outcome.state;
  // The details of the operation, beside its container.
  refreshLists(channel);
  const stay = !emit(view, "finished", { channel, ...outcome });
  if (stay || typeof outcome.success_url !== "string" || hasComeBack()) return;
  location.assign(outcome.success_url);
}

/** Returns true if the reader has come back to this page, which must not send the reader away again. */
function hasComeBack() {
  return performance.getEntriesByType?.("navigation")[0]?.type === "back_forward";
}

export function showConnection(element, state) {
  const indicator = element.querySelector(".op-connection");
  if (!indicator || !state) return;
  indicator.dataset.connection = state;
  indicator.title = label(state, indicator);
  indicator.setAttribute("aria-label", indicator.title);
  indicator.hidden = false;
}

export function emitUpdate({ view, channel, cursor }) {
  emit(view, "update", { channel, cursor });
}
