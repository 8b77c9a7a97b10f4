import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  THREE,
  TWO,
  channel,
  closePages,
  nextContainer,
  openPage,
  replacement,
} from "./support/page.js";

afterEach(closePages);

function handOver(page, from, to, cursor) {
  page.socket.frame(channel(from), cursor, {
    liveop_html: nextContainer(to, from),
    liveop_chain: {
      channel: channel(to),
      token: `token-of-${channel(to)}`,
      pk: to,
      url: `/live/demo.task/${to}/`,
    },
  });
}

function finish(page, id, cursor) {
  const end = { pk: id, state: "FINISHED_OK", url: `/live/demo.task/${id}/`, success_url: null };
  page.socket.frame(channel(id), cursor, { liveop_finished: end });
}

test("a page follows a chain in place, over the same socket", async () => {
  const page = await openPage();
  await page.connect();
  finish(page, ONE, "1.0a:6");
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  assert.equal(page.container(ONE), null);
  assert.deepEqual(page.socket.sent.slice(1), [
    { type: "subscribe", token: `token-of-${channel(TWO)}` },
    { type: "unsubscribe", channel: channel(ONE) },
  ]);
  page.socket.subscribed(channel(TWO), "1.0b:1");
  assert.equal(page.connection(TWO), "connected");
  assert.equal(page.sockets.length, 1);
  assert.equal(page.navigations, 0);
});

test("a page without Cancel and Retry has none after a chain either", async () => {
  const page = await openPage();
  await page.connect();
  page.container(ONE).setAttribute("data-liveop-read-only", "");
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  assert.equal(page.container(TWO).hasAttribute("data-liveop-read-only"), true);
});

test("a chain of three is followed to its end, also after a disconnection during all of it", async () => {
  const page = await openPage();
  page.roll(0);
  await page.connect();
  page.socket.drop(1012);
  await page.settle();
  page.socket.accept();
  for (const [from, to] of [
    [ONE, TWO],
    [TWO, THREE],
  ]) {
    page.socket.frame(channel(from), "1.0000000000000000:0", {
      liveop_html: replacement("status", "done", from),
    });
    finish(page, from, "1.0000000000000000:1");
    handOver(page, from, to, "1.0000000000000000:2");
    // Sent by the server before it receives the unsubscription of the page.
    page.socket.subscribed(channel(from), "1.0000000000000000:2", "reset");
    await page.settle();
  }
  page.socket.frame(channel(THREE), "1.0c:9", {
    liveop_html: replacement("status", "third", THREE),
  });
  page.socket.subscribed(channel(THREE), "1.0c:9", "reset");
  assert.equal(page.region("status", THREE).textContent, "third");
  assert.equal(page.document.querySelectorAll(".liveop").length, 1);
  assert.equal(page.connection(THREE), "connected");
});

test("a page that is disconnected after a hand-over subscribes only to the next operation", async () => {
  const page = await openPage();
  page.roll(0);
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7");
  page.socket.drop(1006);
  await page.settle();
  page.socket.accept();
  assert.deepEqual(page.socket.sent, [{ type: "subscribe", token: `token-of-${channel(TWO)}` }]);
});

test("a repeated hand-over moves the page once", async () => {
  const page = await openPage();
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7");
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  assert.equal(page.document.querySelectorAll(".liveop").length, 1);
  assert.equal(page.socket.sentOf("subscribe").length, 2);
});

test("a hand-over without a token fetches one", async () => {
  const page = await openPage();
  await page.connect();
  page.socket.frame(channel(ONE), "1.0a:7", {
    liveop_html: nextContainer(TWO, ONE),
    liveop_chain: { channel: channel(TWO), pk: TWO, url: "/next/" },
  });
  await page.settle();
  page.socket.accept();
  assert.equal(page.socket.sent[0].token, `fresh-token-of-${channel(TWO)}`);
});

test("a page without a container for the next operation goes to its URL", async () => {
  const page = await openPage();
  await page.connect();
  page.socket.frame(channel(ONE), "1.0a:7", {
    liveop_chain: { channel: channel(TWO), token: "next", pk: TWO, url: "/next/" },
  });
  assert.equal(page.navigations, 1);
});
