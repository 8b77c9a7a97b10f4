// Actions, and the answers to forms that htmx sends.
import { REQUEST_MAX_MS, emit, isSignedOut, post } from "./dom.js";
import { applyFragments } from "./fragments.js";
import { untick } from "./list.js";
import { dismissNotice, paragraph, showNotice } from "./notice.js";
import { label } from "./texts.js";

// The forms whose requests have no answer yet.
const pendingForms = new Set();

// The number of consecutive clicks at the latest click, and the operation and action of the
// latest press.
let clickCount = 0;

let newestPress = {};

export function hasPendingForms() {
  return pendingForms.size > 0;
}

/** Notes the number of clicks that a click is one of. */
export function noteClick({ detail }) {
  clickCount = detail;
}

/** Sends an action. If htmx has already sent the form, the default is prevented. */
export function interceptAction(event) {
  const form = event.target;
  if (!form.matches("form[data-liveop-action]") || event.defaultPrevented) return;
  event.preventDefault();
  if (!pendingForms.has(form) && isMeant(form)) perform(form, event.submitter);
}

/**
 * Returns false for the second click of a double click that hits Retry at the former position of
 * Cancel, or the reverse.
 */
function isMeant(form) {
  const { operation, action } = newestPress;
  newestPress = { operation: form.closest(".liveop")?.id, action: form.action };
  const hasChanged = newestPress.operation === operation && newestPress.action !== action;
  return clickCount < 2 || !operation || !hasChanged;
}

/**
 * Shows the answer to a form that htmx has sent, if the answer is an error. A form with mistakes replaces
 * the form. Any other error appears in the form, which keeps its values and files. htmx 2 would show
 * neither, and htmx 4 would replace the form with the page of the error.
 */
export function showFormError(event) {
  const form = formOfHtmx(event);
  const { xhr, ctx } = event.detail;
  const status = xhr?.status ?? ctx?.response?.status;
  if (!form || !(status >= 400)) return;
  const answer = new DOMParser().parseFromString(xhr?.responseText ?? ctx.text ?? "", "text/html");
  const hasMistakes = answer.querySelector("form[data-liveop-form]") !== null;
  if (xhr) {
    event.detail.shouldSwap = hasMistakes;
    event.detail.isError &&= !hasMistakes;
  } else if (!hasMistakes) {
    event.preventDefault();
  }
  if (hasMistakes) return;
  const message = answer.querySelector(".op-error")?.textContent || label("refused", form);
  showRefusal(form, status, { message });
}

/** Shows an error for a form of htmx that got no answer. htmx 2 also sends `htmx:error` after an answer. */
export function showFormUnanswered(event) {
  const form = formOfHtmx(event);
  const isRepeated = event.type === "htmx:error" && !event.detail.ctx;
  if (form && !isRepeated) showRefusal(form, 0, { message: label("unreachable", form) });
}

function formOfHtmx({ target }) {
  return target.matches?.("form[data-liveop-form]") ? target : null;
}

async function perform(form, button) {
  pendingForms.add(form);
  form.setAttribute("aria-busy", "true");
  // Not `disabled`, which would take the focus away from keyboard users.
  button?.setAttribute("aria-disabled", "true");
  try {
    const response = await post(form.getAttribute("action"), {
      body: bodyOf(form, button),
      // For the error of a refusal. A successful answer is empty or has fragments.
      headers: { Accept: "application/json" },
      // Uploads have no time limit.
      signal: hasFiles(form) ? null : AbortSignal.timeout(REQUEST_MAX_MS),
    });
    if (isSignedOut(response)) return showRefusal(form, 401, signedOut(form));
    if (!response.ok) return showRefusal(form, response.status, await refusalOf(form, response));
    untick(form);
    const view = form.closest(".liveop");
    if (view) dismissNotice(view);
    applyFragments(await response.text());
  } catch {
    showRefusal(form, 0, { message: label("unreachable", form) });
  } finally {
    button?.removeAttribute("aria-disabled");
    form.removeAttribute("aria-busy");
    pendingForms.delete(form);
  }
}

/** Returns the body that the plain form would send. */
function bodyOf(form, button) {
  const fields = new FormData(form, button);
  return hasFiles(form) ? fields : new URLSearchParams(fields);
}

function hasFiles(form) {
  return form.enctype === "multipart/form-data";
}

/** The application leads the way from the page to its sign-in. */
function signedOut(form) {
  return { message: label("signedOut", form), url: location.href };
}

async function refusalOf(form, response) {
  const body = await response.json().catch(() => null);
  return body?.error ?? { message: label("refused", form) };
}

/** Shows a refusal. If the message is about another operation, it links to that operation. */
function showRefusal(form, status, { message, url }) {
  const view = form.closest(".liveop");
  if (view) showNotice(view, { message, url });
  else showBeside(form, paragraph(message, url));
  emit(form, "error", { status, message });
}

/** Shows a refusal in the place of the outcome of a form, or in the form. */
function showBeside(form, refusal) {
  const place = form.querySelector(".liveops-outcome") ?? form;
  refusal.dataset.liveopRefusal = "";
  if (place === form) refusal.setAttribute("role", "alert");
  place.querySelector("[data-liveop-refusal]")?.remove();
  place.append(refusal);
}
