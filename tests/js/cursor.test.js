import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { addition, channel, closePages, container, openPage, replacement } from "./support/page.js";

afterEach(closePages);

async function connected(cursor = "2.0a:5") {
  const page = await openPage(container({ cursor }));
  await page.connect(cursor);
  return page;
}

function deliver(page, cursor, text) {
  page.socket.frame(channel(), cursor, { liveop_html: replacement("status", text) });
}

function status(page) {
  return page.region("status").textContent;
}

function acks(page) {
  return page.socket.sentOf("ack").map(({ cursor }) => cursor);
}

test("a repeated frame changes nothing", async () => {
  const page = await connected();
  const updates = page.listen("liveop:update");
  page.socket.frame(channel(), "2.0a:6", { liveop_html: addition("preview", "<p>a</p>") });
  page.socket.frame(channel(), "2.0a:6", { liveop_html: addition("preview", "<p>a</p>") });
  assert.equal(page.region("preview").textContent, "a");
  assert.equal(updates.length, 1);
});

test("sequence numbers are compared as numbers", async () => {
  const page = await connected("2.0a:9");
  deliver(page, "2.0a:10", "ten");
  assert.equal(status(page), "ten");
  deliver(page, "2.0a:9", "nine");
  assert.equal(status(page), "ten");
  assert.equal(page.container().dataset.liveopCursor, "2.0a:10");
});

test("a frame of a run before the one shown is ignored", async () => {
  const page = await connected("10.0a:1");
  deliver(page, "9.ff:7", "the run before");
  assert.equal(status(page), "Running");
  assert.equal(page.container().dataset.liveopCursor, "10.0a:1");
});

test("a frame of another epoch of the same run is applied, because nonces have no reliable order", async () => {
  const page = await connected("2.0a:5");
  deliver(page, "2.09:1", "opened again");
  assert.equal(status(page), "opened again");
  deliver(page, "2.09:2", "and on");
  assert.equal(status(page), "and on");
});

test("a frame of the next run is applied", async () => {
  const page = await connected("2.0a:5");
  deliver(page, "3.00b:1", "once more");
  assert.equal(status(page), "once more");
});

test("a snapshot that answers the cursor is applied, regardless of its own cursor", async () => {
  for (const cursor of ["2.0a:5", "2.0a:3", "1.0a:1"]) {
    const page = await openPage(container({ cursor: "2.0a:5" }));
    page.socket.accept();
    deliver(page, cursor, "what the server knows");
    page.socket.subscribed(channel(), cursor, "reset");
    assert.equal(status(page), "what the server knows", cursor);
    assert.equal(page.container().dataset.liveopCursor, cursor);
  }
});

test("after a reconnect the answer is applied again", async () => {
  const page = await connected("2.0a:5");
  page.roll(0);
  page.socket.drop(1012);
  await page.settle();
  page.socket.accept();
  deliver(page, "2.0a:4", "what the server knows");
  assert.equal(status(page), "what the server knows");
});

test("a snapshot of the row is applied although its cursor does not change", async () => {
  const page = await connected("2.0000000000000000:0");
  deliver(page, "2.0000000000000000:0", "the row, later");
  assert.equal(status(page), "the row, later");
});

test("the end after a snapshot of the row is received, also after a disconnection in between", async () => {
  const page = await connected("1.0a:5");
  const ends = page.listen("liveop:finished");
  const end = { liveop_finished: { pk: "1", state: "FINISHED_OK", url: "/", success_url: null } };
  deliver(page, "1.0000000000000000:0", "done");
  page.socket.frame(channel(), "1.0000000000000000:1", end);
  deliver(page, "1.0000000000000000:0", "done");
  page.socket.frame(channel(), "1.0000000000000000:1", end);
  assert.equal(ends.length, 1);
  assert.equal(page.container().dataset.liveopState, "FINISHED_OK");
});

test("a page without a cursor applies every frame", async () => {
  const page = await openPage(container({ cursor: null }));
  page.socket.accept();
  assert.deepEqual(page.socket.sent, [{ type: "subscribe", token: `token-of-${channel()}` }]);
  deliver(page, "2.0a:5", "all of it");
  page.socket.subscribed(channel(), "2.0a:5", "reset");
  assert.equal(status(page), "all of it");
});

test("the frames of a catch-up advance the cursor, not the message that it is complete", async () => {
  const page = await openPage(container({ cursor: "2.0a:5" }));
  page.socket.accept();
  page.socket.subscribed(channel(), "2.0a:9", "delta");
  assert.equal(page.container().dataset.liveopCursor, "2.0a:5");
  page.socket.subscribed(channel(), "2.0a:9", "up_to_date");
  assert.equal(page.container().dataset.liveopCursor, "2.0a:9");
});

// -- acknowledgements

test("frames are acknowledged half a second after the first of them", async () => {
  const page = await connected();
  deliver(page, "2.0a:6", "six");
  await page.pass(400);
  deliver(page, "2.0a:7", "seven");
  await page.pass(80);
  assert.deepEqual(acks(page), []);
  await page.pass(20);
  assert.deepEqual(page.socket.sentOf("ack"), [
    { type: "ack", channel: channel(), cursor: "2.0a:7" },
  ]);
  await page.pass(5_000);
  assert.equal(acks(page).length, 1, "once is enough");
});

test("the sixteenth frame is acknowledged at once", async () => {
  const page = await connected();
  for (let seq = 6; seq < 21; seq += 1) deliver(page, `2.0a:${seq}`, seq);
  assert.deepEqual(acks(page), []);
  deliver(page, "2.0a:21", "last");
  assert.deepEqual(acks(page), ["2.0a:21"]);
  await page.pass(5_000);
  assert.equal(acks(page).length, 1);
});

test("pending acknowledgements are dropped with their socket", async () => {
  const page = await connected();
  page.roll(0);
  deliver(page, "2.0a:6", "six");
  page.socket.drop(1012);
  await page.settle();
  await page.connect("2.0a:6");
  await page.pass(5_000);
  assert.deepEqual(acks(page), []);
});
