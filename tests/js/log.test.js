import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  addition,
  closePages,
  container,
  logLines,
  openPage,
  replacement,
} from "./support/page.js";

afterEach(closePages);

function shown(page) {
  return [...page.region("log").children].map((line) => Number(line.textContent.slice(5)));
}

function from(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

test("a repeated line shows once", async () => {
  const page = await openPage();
  page.window.liveops.apply(addition("log", logLines(1, 3)));
  page.window.liveops.apply(addition("log", logLines(2, 5)));
  assert.deepEqual(shown(page), [1, 2, 3, 4, 5]);
});

test("a log keeps its newest thousand lines", async () => {
  const page = await openPage();
  for (const first of [1, 601, 1201])
    page.window.liveops.apply(addition("log", logLines(first, first + 599)));
  assert.deepEqual(shown(page), from(801, 1800));
});

test("a burst of more lines than a log keeps leaves the newest", async () => {
  const page = await openPage();
  page.window.liveops.apply(addition("log", logLines(1, 3000)));
  assert.deepEqual(shown(page), from(2001, 3000));
});

test("a removed line is not added again", async () => {
  const page = await openPage();
  page.window.liveops.logLinesMax = 3;
  page.window.liveops.apply(addition("log", logLines(1, 6)));
  page.window.liveops.apply(addition("log", logLines(1, 7)));
  assert.deepEqual(shown(page), [5, 6, 7]);
});

test("the log a page is loaded with is cut to its newest lines", async () => {
  const page = await openPage(container({ log: logLines(1, 1500) }));
  assert.deepEqual(shown(page), from(501, 1500));
});

test("a log that is replaced is cut to its newest lines", async () => {
  const page = await openPage();
  page.window.liveops.apply(replacement("log", logLines(1, 1500)));
  assert.deepEqual(shown(page), from(501, 1500));
});

test("a run that starts over numbers its lines from the beginning", async () => {
  const page = await openPage(container({ log: logLines(1, 9) }));
  page.window.liveops.apply(replacement("log", ""));
  page.window.liveops.apply(addition("log", logLines(1, 2)));
  assert.deepEqual(shown(page), [1, 2]);
});

/** Sets the heights, because jsdom has no layout. */
function layOut(log, { height, lineHeight }) {
  Object.defineProperty(log, "clientHeight", { configurable: true, value: height });
  Object.defineProperty(log, "scrollHeight", { get: () => log.childElementCount * lineHeight });
  for (const line of log.children) {
    line.getBoundingClientRect = () => ({
      top: [...log.children].indexOf(line) * lineHeight - log.scrollTop,
    });
  }
}

test("a log at its bottom stays at its bottom", async () => {
  const page = await openPage(container({ log: logLines(1, 50) }));
  layOut(page.region("log"), { height: 100, lineHeight: 10 });
  page.region("log").scrollTop = 400;
  page.window.liveops.apply(addition("log", logLines(51, 60)));
  assert.equal(page.region("log").scrollTop, 600);
});

test("a log that was scrolled up keeps showing the same lines while old ones go", async () => {
  const page = await openPage(container({ log: logLines(1, 50) }));
  page.window.liveops.logLinesMax = 50;
  layOut(page.region("log"), { height: 100, lineHeight: 10 });
  page.region("log").scrollTop = 200;
  page.window.liveops.apply(addition("log", logLines(51, 60)));
  assert.equal(page.region("log").scrollTop, 100);
});
