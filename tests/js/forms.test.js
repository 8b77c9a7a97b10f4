import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { closePages, openPage } from "./support/page.js";

afterEach(closePages);

const LABELS = JSON.stringify({ refused: "Nicht gelungen.", unreachable: "Keine Antwort." });
const FORM = `<form class="liveops-form" data-liveop-form data-liveop-labels='${LABELS}'><input></form>`;
const BUSY = `<!DOCTYPE html><h1>Busy</h1><p class="op-error">The server is <b>busy</b>.</p>`;

/** Has htmx 2 receive an answer to the form, as far as liveops.js observes it. */
function answerIn2(page, status, responseText) {
  const detail = { xhr: { status, responseText }, shouldSwap: status < 400, isError: status >= 400 };
  const { CustomEvent } = page.window;
  page.find("form").dispatchEvent(new CustomEvent("htmx:beforeSwap", { detail, bubbles: true }));
  return detail.shouldSwap;
}

/** The same of htmx 4, which swaps every answer. */
function answerIn4(page, status, text) {
  const init = { detail: { ctx: { response: { status }, text } }, bubbles: true, cancelable: true };
  return page.find("form").dispatchEvent(new page.window.CustomEvent("htmx:before:swap", init));
}

for (const [version, answer] of [
  ["2", answerIn2],
  ["4", answerIn4],
]) {
  test(`htmx ${version} puts a form with mistakes in the place of the form`, async () => {
    const page = await openPage(FORM);
    assert.equal(answer(page, 422, FORM), true);
    assert.equal(page.find("[data-liveop-refusal]"), null);
  });

  test(`htmx ${version} keeps the form and shows the message of any other error once`, async () => {
    const page = await openPage(FORM);
    const errors = page.listen("liveop:error");
    page.find("input").value = "kept";
    for (const [status, body, message] of [
      [503, BUSY, "The server is busy."],
      [413, BUSY, "The server is busy."],
      [422, BUSY, "The server is busy."],
      [502, "<h1>Bad Gateway</h1>", "Nicht gelungen."],
      [500, "", "Nicht gelungen."],
    ]) {
      assert.equal(answer(page, status, body), false, `${status}`);
      const shown = page.document.querySelectorAll("[data-liveop-refusal][role=alert]");
      assert.deepEqual([...shown].map((element) => element.textContent), [message]);
      assert.deepEqual({ ...errors.at(-1).detail }, { status, message });
    }
    assert.equal(page.find("input").value, "kept");
  });

  test(`htmx ${version} swaps any other answer`, async () => {
    const page = await openPage(FORM);
    assert.equal(answer(page, 200, "<p>done</p>"), true);
    assert.equal(page.find("[data-liveop-refusal]"), null);
  });
}

for (const [name, detail] of [
  ["htmx:sendError", {}],
  ["htmx:timeout", {}],
  ["htmx:error", { ctx: {} }],
]) {
  test(`a form without an answer shows that after ${name}`, async () => {
    const page = await openPage(`<main>${FORM}<b>else</b></main>`);
    const event = () => new page.window.CustomEvent(name, { detail, bubbles: true });
    page.find("b").dispatchEvent(event());
    assert.equal(page.find("[data-liveop-refusal]"), null);
    page.find("form").dispatchEvent(event());
    assert.equal(page.find("form [data-liveop-refusal]").textContent, "Keine Antwort.");
  });
}

test("the error event of htmx 2 after an answer does not replace the message of the answer", async () => {
  const page = await openPage(FORM);
  answerIn2(page, 503, BUSY);
  const detail = { errorInfo: { xhr: { status: 503 } } };
  page.find("form").dispatchEvent(new page.window.CustomEvent("htmx:error", { detail, bubbles: true }));
  assert.equal(page.find("[data-liveop-refusal]").textContent, "The server is busy.");
});
