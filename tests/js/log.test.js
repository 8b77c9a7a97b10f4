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
  layOutLines(log, lineHeight);
}

function layOutLines(log, lineHeight) {
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

/** Opens a page whose log has 50 lines, of which ten are in sight. */
async function openLog(max = 50) {
  const page = await openPage(container({ log: logLines(1, 50) }));
  page.window.liveops.logLinesMax = max;
  const log = page.region("log");
  log.tabIndex = 0;
  layOut(log, { height: 100, lineHeight: 10 });
  page.scroll(log, 400);
  const add = (first, last) => {
    page.window.liveops.apply(addition("log", logLines(first, last)));
    layOutLines(log, 10);
  };
  const pill = () => log.nextElementSibling?.textContent ?? null;
  return { page, log, add, pill };
}

test("a log that is scrolled up keeps its lines, and says how many have come", async () => {
  const { page, log, add, pill } = await openLog();
  page.scroll(log, 200);
  assert.equal(pill(), null);
  add(51, 60);
  assert.deepEqual([log.scrollTop, shown(page)[0], pill()], [200, 1, "New lines: 10"]);
  add(61, 1_264);
  assert.equal(pill(), "New lines: 60");
  assert.equal(shown(page).at(-1), 1_264);
});

test("the button under a log leads to its newest line, and the log follows again", async () => {
  const { page, log, add, pill } = await openLog();
  page.scroll(log, 200);
  add(51, 60);
  log.nextElementSibling.click();
  assert.deepEqual([log.scrollTop, shown(page)[0], pill()], [500, 11, null]);
  assert.equal(page.document.activeElement, log);
  add(61, 62);
  assert.deepEqual([log.scrollTop, pill()], [500, null]);
});

test("a log that the reader scrolls down to its newest line follows again", async () => {
  const { page, log, add, pill } = await openLog(1_000);
  page.scroll(log, 200);
  add(51, 60);
  page.scroll(log, 490);
  assert.equal(pill(), null);
  add(61, 70);
  assert.equal(log.scrollTop, 700);
});

test("a log keeps ten times as many lines for its reader, and then keeps the place", async () => {
  const { page, log, add } = await openLog(50);
  page.scroll(log, 200);
  for (let first = 51; first <= 550; first += 50) add(first, first + 49);
  assert.equal(shown(page).length, 500);
  // The line at the upper edge was the 21st, and 50 lines above it are gone.
  assert.equal(shown(page)[0], 51);
  assert.equal(log.scrollTop, -300);
});

test("a log follows after its size has changed", async () => {
  const { page, log, add } = await openLog();
  Object.defineProperty(log, "clientHeight", { configurable: true, value: 40 });
  page.resize(log);
  assert.equal(log.scrollTop, 500);
  add(51, 52);
  assert.equal(log.scrollTop, 500);
  page.scroll(log, 100);
  page.resize(log);
  assert.equal(log.scrollTop, 100);
});

test("a log does not move while the reader presses or has selected something in it", async () => {
  const { page, log, add } = await openLog(1_000);
  const press = (type) => log.firstChild.dispatchEvent(new page.window.Event(type, { bubbles: true }));
  press("pointerdown");
  add(51, 52);
  assert.equal(log.scrollTop, 400);
  press("pointerup");
  await page.pass(1_000);
  add(53, 54);
  assert.equal(log.scrollTop, 540);
  const text = log.children[45].firstChild;
  page.document.getSelection().setBaseAndExtent(text, 0, text, 4);
  add(55, 56);
  assert.equal(log.scrollTop, 540);
  page.document.getSelection().removeAllRanges();
  add(57, 58);
  assert.equal(log.scrollTop, 580);
});

test("another attempt, which repeats the newest lines, leaves a reader at the same lines", async () => {
  const { page, log } = await openLog(1_000);
  page.scroll(log, 200);
  const line = log.children[20];
  page.window.liveops.apply(replacement("log", logLines(1, 60)));
  layOutLines(log, 10);
  assert.equal(log.children[20], line);
  assert.equal(log.scrollTop, 200);
});

test("a snapshot whose log comes in two parts leaves a reader at the same lines", async () => {
  const { page, log } = await openLog(1_000);
  await page.connect();
  page.scroll(log, 200);
  const line = log.children[45];
  const html = replacement("log", logLines(1, 30)) + addition("log", logLines(31, 60));
  page.socket.frame(page.container().dataset.liveopChannel, "1.0a:6", { liveop_html: html });
  assert.equal(log.children[45], line);
  assert.deepEqual(shown(page), from(1, 60));
});
