// The version of the server, and the reload of a page whose script is older.
import { hasPendingForms } from "./actions.js";
import { emit } from "./dom.js";
import { isPressed } from "./press.js";
import { editedFields } from "./fields.js";

// The version of the wire format that this script understands. The server contains the same number, which a test finds
// in the built script.
const WIRE = { wireVersion: 1 };

const RELOAD_SPREAD_MS = 5_000;
const RELOAD_RETRY_MS = 1_000;
const RELOAD_INTERVAL_MS = 60_000;
const RELOADED_AT = "liveops-reloaded-at";

// The version of the server, if the version is newer than that of this script.
let newerVersion;

// True between the submission of a plain form and the page that answers it.
let isLeaving = false;

/** Records the version of the server. A random delay spreads the reloads of pages after a deployment. */
export function noteVersion(version) {
  if (!(version > WIRE.wireVersion) || newerVersion) return;
  newerVersion = version;
  document.documentElement.dataset.liveopOutdated = "";
  setTimeout(renewPage, Math.random() * RELOAD_SPREAD_MS);
}

/**
 * Reloads the page as soon as the user would lose no input. During a deployment an older process may
 * serve the page again, so the page waits a minute before the next reload.
 */
function renewPage() {
  const mayReload = hasReloadedLongAgo() && !wouldLose();
  if (!mayReload || !emit(document, "outdated", { wire: newerVersion })) {
    setTimeout(renewPage, RELOAD_RETRY_MS);
    return;
  }
  if (rememberReload()) location.reload();
}

function hasReloadedLongAgo() {
  try {
    const waited = Date.now() - Number(sessionStorage.getItem(RELOADED_AT));
    return waited < 0 || waited >= RELOAD_INTERVAL_MS;
  } catch {
    return false;
  }
}

/** Returns false if the browser stores no data: the page could then reload without end. */
function rememberReload() {
  try {
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}

/** Returns true if a reload would lose an input of the user or stop a request. */
function wouldLose() {
  const fields = "input:not([type=hidden]), select, textarea, [contenteditable]";
  return (
    isPressed() ||
    isLeaving ||
    hasPendingForms() ||
    document.querySelector("dialog[open], [aria-modal=true], .htmx-request") !== null ||
    hasOpenPopover() ||
    [...document.querySelectorAll(fields)].some(isChanged)
  );
}

function hasOpenPopover() {
  try {
    return document.querySelector(":popover-open") !== null;
  } catch {
    // The browser does not support popovers.
    return false;
  }
}

function isChanged(field) {
  if (field.type === "file") return field.files.length > 0;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.localName === "select" || field.isContentEditable) return editedFields.has(field);
  return field.value !== undefined && field.value !== field.defaultValue;
}

/** Records that the page is shown, also again. */
export function noteReturn() {
  isLeaving = false;
}

/** Records that a plain form leaves the page. Listens last, because a script may prevent the submission. */
export function noteLeaving({ target, submitter, defaultPrevented }) {
  const own = (name) => submitter?.getAttribute(`form${name}`) ?? target.getAttribute(name);
  const staysOpen = own("method")?.toLowerCase() === "dialog" || own("target") === "_blank";
  isLeaving ||= !defaultPrevented && !staysOpen;
}
