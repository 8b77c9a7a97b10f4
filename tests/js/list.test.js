import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  THREE,
  TWO,
  closePages,
  container,
  html,
  list,
  openPage,
  refusal,
  silence,
} from "./support/page.js";

afterEach(closePages);

const CHANNEL = "liveops.owner.ann";

function change(page) {
  page.socket.say({ type: "chat_message", channel: CHANNEL, liveop_list_changed: true });
}

function row(id, text) {
  return `<div id="op-row-state-${id}">${text}</div>`;
}

async function openList(rows = row(ONE, "Waiting")) {
  const page = await openPage(list(rows));
  page.answers["/live/"] = () => html(list(row(ONE, "Running")));
  page.socket.accept();
  page.socket.subscribed(CHANNEL, undefined, "reset");
  await page.pass(1_000);
  return page;
}

test("a list that is followed is fetched at once, as changes may have been missed", async () => {
  const page = await openList();
  assert.equal(page.requestsTo("/live/").length, 1);
  assert.equal(page.find("#liveops-list").textContent, "Running");
  assert.equal(page.document.querySelectorAll("#liveops-list").length, 1);
});

test("a burst of changes fetches a list at most once a second, and always after the last", async () => {
  const page = await openList();
  for (let at = 0; at < 1000; at += 1) {
    change(page);
    await page.clock.tickAsync(2);
  }
  await page.pass(1_000);
  const fetched = page.requestsTo("/live/").length - 1;
  assert.ok(fetched >= 2 && fetched <= 4, `${fetched} requests in two seconds`);
  page.answers["/live/"] = () => html(list("the last"));
  change(page);
  await page.pass(2_000);
  assert.equal(page.find("#liveops-list").textContent, "the last");
});

test("a hidden list is fetched when it is shown", async () => {
  const page = await openList();
  page.hide();
  change(page);
  await page.pass(10_000);
  assert.equal(page.requestsTo("/live/").length, 1);
  page.show();
  await page.settle();
  assert.equal(page.requestsTo("/live/").length, 2);
});

for (const [what, answer] of [
  ["fails", () => refusal(500)],
  ["cannot be reached", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["never answers", silence],
]) {
  test(`a list whose server ${what} is fetched again`, async () => {
    const page = await openList();
    page.answers["/live/"] = answer;
    change(page);
    await page.pass(40_000);
    page.answers["/live/"] = () => html(list("at last"));
    await page.pass(40_000);
    assert.equal(page.find("#liveops-list").textContent, "at last");
  });
}

test("a page to sign in is not shown as a list", async () => {
  const page = await openList();
  page.answers["/live/"] = () => ({ ...html("<form>Sign in</form>"), redirected: true });
  change(page);
  await page.pass(2_000);
  assert.equal(page.find("#liveops-list").textContent, "Running");
});

test("rows move without a fetch, and strangers among them are ignored", async () => {
  const page = await openPage(container() + list(row(ONE, "Running") + row(TWO, "Running")));
  page.socket.accept();
  const before = page.container().innerHTML;
  const fragments = [ONE, THREE].map((id) =>
    row(id, "<b>50 %</b>").replace(">", ' hx-swap-oob="true">'),
  );
  page.socket.say({ type: "chat_message", channel: CHANNEL, liveop_html: fragments.join("") });
  assert.equal(page.find("#liveops-list").textContent, "50 %Running");
  assert.equal(page.container().innerHTML, before);
  assert.equal(page.requestsTo("/live/").length, 0);
  assert.equal(page.find("#liveops-list").dataset.liveopCursor, undefined);
  await page.pass(1_000);
  assert.deepEqual(page.socket.sentOf("ack"), [], "there is nothing to acknowledge");
});
