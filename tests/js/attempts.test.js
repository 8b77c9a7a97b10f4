import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { channel, closePages, container, html, openPage, replacement } from "./support/page.js";

afterEach(closePages);

const URL = "/live/demo.task/1/attempts";

function earlier(...texts) {
  const items = texts.map((text) => `<li>${text}</li>`).join("");
  return `<details><summary>Earlier attempts</summary><ol class="op-earlier">${items}</ol></details>`;
}

/** A page at attempt 1, whose earlier attempts are `content`. */
async function openAttempts(content = "") {
  const history = `<div class="op-history" data-liveop-list="${URL}">${content}</div>`;
  const page = await openPage(container().replace("</live-operation>", `${history}</live-operation>`));
  page.answers[URL] = () => html(earlier("Attempt 1"));
  await page.connect();
  return page;
}

async function receive(page, cursor) {
  const liveop_html = replacement("status", `<p>at ${cursor}</p>`);
  page.socket.deliver({ type: "chat_message", channel: channel(), cursor, liveop_html });
  await page.pass(1_000);
}

test("the earlier attempts are fetched when the next attempt begins, and not before", async () => {
  const page = await openAttempts();
  await receive(page, "1.0a:6");
  assert.equal(page.requestsTo(URL).length, 0);
  await receive(page, "2.0b:1");
  assert.equal(page.requestsTo(URL).length, 1);
  assert.equal(page.find(".op-history .op-earlier").textContent, "Attempt 1");
  await receive(page, "2.0b:2");
  assert.equal(page.requestsTo(URL).length, 1);
});

test("a list of earlier attempts that the reader has opened stays open", async () => {
  const page = await openAttempts(earlier("Attempt 1"));
  page.find(".op-history details").open = true;
  page.answers[URL] = () => html(earlier("Attempt 2", "Attempt 1"));
  await receive(page, "2.0b:1");
  assert.equal(page.document.querySelectorAll(".op-earlier li").length, 2);
  assert.equal(page.find(".op-history details").open, true);
});
