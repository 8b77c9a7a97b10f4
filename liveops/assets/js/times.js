// Times and countdowns in the language of the reader.
import { label, languageOf } from "./texts.js";

const COUNTDOWN_INTERVAL_MS = 1_000;

/** Formats times for the reader. The title holds the full date and marks a time as formatted. */
export function localiseTimes(root, languageOfAll) {
  const times = ":is(.op-log, [data-liveop-list]) time[datetime]:not([title])";
  for (const time of root.querySelectorAll(times)) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const language = languageOfAll ?? languageOf(time);
    time.title = moment.toLocaleString(language);
    time.textContent = time.closest(".op-log")
      ? moment.toLocaleTimeString(language)
      : moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  }
}

let countdownTimer;

/** Updates all countdowns, and schedules the next update in a second. */
export function countDown() {
  const times = document.querySelectorAll("time[data-liveop-countdown][datetime]");
  for (const time of times) {
    const seconds = Math.ceil((new Date(time.dateTime) - Date.now()) / 1000);
    const text = inWords(Math.max(seconds, 0), time);
    if (!Number.isNaN(seconds) && time.textContent !== text) time.textContent = text;
  }
  clearTimeout(countdownTimer);
  if (times.length > 0) countdownTimer = setTimeout(countDown, COUNTDOWN_INTERVAL_MS);
}

/** Formats a duration with its two largest units, as the server does. */
function inWords(total, element) {
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const numbers = { hours, minutes, seconds: total % 60 };
  const name = hours > 0 ? "hours" : minutes > 0 ? "minutes" : "seconds";
  return label(name, element).replace(/{(\w+)}/g, (blank, unit) => numbers[unit] ?? blank);
}
