// Texts in the language of the page.
import { settings } from "./settings.js";

/** The labels of a page without `data-liveop-labels`. */
const LABELS = {
  connected: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  refused: "The action failed. Please try again.",
  unreachable: "The server could not be reached. Please try again.",
  hours: "{hours} h {minutes} min",
  minutes: "{minutes} min {seconds} s",
  seconds: "{seconds} s",
  result: "Result",
  signedOut: "You are signed out. Sign in again.",
  dismiss: "Dismiss",
  newLines: "New lines: {count}",
};

/** Returns a text in the language of `element`. */
export function label(name, element) {
  return settings.labels[name] ?? labelsOf(element)[name] ?? LABELS[name];
}

function labelsOf(element) {
  try {
    return JSON.parse(element.closest("[data-liveop-labels]")?.dataset.liveopLabels ?? "{}");
  } catch {
    return {};
  }
}

/**
 * Returns the language of the page, or undefined, the browser's own, if the page names no valid
 * one.
 */
export function languageOf(element) {
  try {
    return Intl.getCanonicalLocales(element.closest("[lang]")?.lang || [])[0];
  } catch {
    return undefined;
  }
}
