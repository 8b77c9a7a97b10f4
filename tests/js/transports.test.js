import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  THREE,
  TWO,
  addition,
  channel,
  closePages,
  container,
  grantOnly,
  html,
  list,
  nextContainer,
  openPage,
  refusal,
  replacement,
} from "./support/page.js";

afterEach(closePages);

const FOUR = ONE.replace(/..$/, "60");
const FIVE = ONE.replace(/..$/, "61");

/** Closes the socket before its first message, and lets the page reconnect. */
async function failMute(page) {
  page.socket.drop(1006);
  await page.pass(1);
}

/** Opens a page in a network that blocks WebSockets but not requests. */
async function behindProxy(body) {
  const page = await openPage(body);
  page.roll(0);
  await failMute(page);
  await failMute(page);
  return page;
}

// -- change of transport

test("if sockets fail twice without a message and requests succeed, streams replace them", async () => {
  const page = await openPage();
  const states = page.listen("liveop:connection");
  page.roll(0);
  await failMute(page);
  assert.equal(
    page.requestsTo("/live/token").length,
    1,
    "a request checks that the server is reachable",
  );
  assert.equal(page.sockets.length, 2);
  assert.equal(page.streams.length, 0, "one failure is none");
  await failMute(page);
  assert.equal(page.sockets.length, 2);
  const [stream] = page.openStreams;
  assert.equal(stream.url.pathname, `/live/demo.task/${ONE}/events`);
  assert.equal(stream.since, "1.0a:5");
  stream.subscribed(channel(), "1.0a:5");
  assert.equal(page.connection(), "connected");
  assert.equal(states.at(-1).detail.transport, "sse");
});

test("a restarting server is not taken for a blocked one", async () => {
  const page = await openPage();
  page.roll(1);
  page.answers["/live/token"] = () => refusal(502);
  page.socket.drop(1006);
  await page.pass(60_000);
  assert.equal(page.sockets.length, 1, "without an answer there is no second socket to fail");
  page.answers["/live/token"] = grantOnly(channel());
  page.roll(0);
  while (page.sockets.length === 1) await page.clock.nextAsync();
  await page.connect();
  await failMute(page);
  await failMute(page);
  assert.equal(page.streams.length, 0, "a socket with a message resets the count");
  await failMute(page);
  assert.equal(page.openStreams.length, 1, "sockets without a message are counted again");
});

test("a proxy that accepts a socket and delivers nothing counts as blocking", async () => {
  const page = await openPage();
  page.roll(0);
  for (const _ of [1, 2]) {
    page.socket.accept();
    await page.pass(10_001);
  }
  assert.equal(page.openStreams.length, 1);
});

test("a page whose policy makes the constructor throw falls back as well", async () => {
  const page = await openPage(container(), { script: false });
  page.roll(0);
  page.window.WebSocket = class {
    constructor() {
      throw new Error("The operation is insecure.");
    }
  };
  page.load();
  await page.pass(10);
  assert.equal(page.openStreams.length, 1);
});

test("a socket that the server closes with a code is not blocked", async () => {
  for (const code of [1011, 1012, 4008, 4408]) {
    const page = await openPage();
    page.roll(0);
    for (let attempt = 0; attempt < 4; attempt += 1) {
      page.socket.drop(code);
      await page.pass(1);
    }
    assert.equal(page.streams.length, 0, code);
    assert.equal(page.sockets.length, 5, code);
  }
});

test("a page without stream URLs keeps using sockets", async () => {
  const page = await behindProxy(container({ events: false }));
  assert.equal(page.streams.length, 0);
  assert.equal(page.sockets.length, 3);
});

test("reconnect() tries the socket again", async () => {
  const page = await behindProxy();
  page.window.liveops.reconnect();
  await page.pass(1);
  assert.equal(page.openStreams.length, 0);
  await page.connect();
  assert.equal(page.connection(), "connected");
});

test("if streams are silent too, sockets are tried again", async () => {
  const page = await behindProxy();
  for (const _ of [1, 2]) {
    page.openStreams[0].drop();
    await page.pass(1);
  }
  assert.equal(page.openStreams.length, 0);
  assert.equal(page.sockets.length, 3);
});

// -- streams

test("frames of a stream are applied, and not acknowledged", async () => {
  const page = await behindProxy();
  const [stream] = page.openStreams;
  stream.subscribed(channel(), "1.0a:5");
  stream.deliver({ type: "ping" });
  for (let seq = 6; seq < 40; seq += 1) {
    stream.frame(channel(), `1.0a:${seq}`, {
      liveop_html: addition("preview", `<i id="i${seq}">${seq}</i>`),
    });
  }
  await page.pass(5_000);
  assert.equal(page.region("preview").childElementCount, 34);
  assert.deepEqual(
    page.sockets.flatMap(({ sent }) => sent),
    [],
  );
});

test("a lost stream is reopened from its cursor, with jitter", async () => {
  const page = await behindProxy();
  page.openStreams[0].subscribed(channel(), "1.0a:5");
  page.openStreams[0].frame(channel(), "1.0a:6", { liveop_html: replacement("status", "six") });
  page.roll(1);
  page.openStreams[0].drop();
  assert.equal(page.connection(), "reconnecting");
  await page.pass(499);
  assert.equal(page.openStreams.length, 0, "not left to the browser, which has no jitter");
  await page.pass(1);
  assert.equal(page.openStreams[0].since, "1.0a:6");
});

test("streams are closed while the page is hidden, and resume from their cursor", async () => {
  const page = await behindProxy();
  page.openStreams[0].subscribed(channel(), "1.0a:7");
  page.hide();
  assert.equal(page.openStreams.length, 0);
  await page.pass(600_000);
  assert.equal(page.openStreams.length, 0);
  page.show();
  await page.settle();
  assert.equal(page.openStreams.length, 1);
  assert.equal(page.openStreams[0].since, "1.0a:7");
  assert.equal(page.connection(), "connected", "the state of the connection does not change");
});

test("a page that is hidden while it waits connects when it is shown", async () => {
  const page = await behindProxy();
  page.roll(1);
  page.openStreams[0].drop();
  page.hide();
  await page.pass(60_000);
  assert.equal(page.openStreams.length, 0);
  page.show();
  await page.settle();
  assert.equal(page.openStreams.length, 1);
});

test("a page that falls back while it is hidden opens its streams when it is shown", async () => {
  const page = await openPage();
  page.roll(0);
  page.hide();
  await failMute(page);
  await failMute(page);
  assert.equal(page.streams.length, 0);
  page.show();
  await page.settle();
  assert.equal(page.openStreams.length, 1);
});

test("a silent stream is reopened", async () => {
  const page = await behindProxy();
  const [stream] = page.openStreams;
  stream.subscribed(channel(), "1.0a:5");
  await page.pass(49_999);
  assert.equal(stream.readyState, 0);
  await page.pass(1);
  assert.equal(stream.readyState, 2);
  assert.equal(page.openStreams.length, 1);
  assert.equal(page.connection(), "connected");
  page.openStreams[0].frame(channel(), "1.0a:4", {
    liveop_html: replacement("status", "from its row"),
  });
  assert.equal(page.region("status").textContent, "from its row", "any answer is applied");
  await page.pass(49_999);
  page.openStreams[0].subscribed(channel(), "1.0a:4");
  await page.pass(50_000);
  assert.equal(page.openStreams.length, 1);
  await page.pass(10_000);
  assert.equal(page.connection(), "reconnecting", "it does not answer");
});

test("four streams are open at once, and every operation has its turn", async () => {
  const page = await behindProxy(
    [ONE, TWO, THREE, FOUR, FIVE].map((id) => container({ id })).join(""),
  );
  const open = () => page.openStreams.map(({ url }) => url.pathname.split("/")[3]).sort();
  assert.deepEqual(open(), [ONE, TWO, THREE, FOUR]);
  const seen = new Set();
  for (let turn = 0; turn < 5; turn += 1) {
    for (const stream of page.openStreams) {
      const [, , , id] = stream.url.pathname.split("/");
      if (!seen.has(stream)) stream.subscribed(channel(id), "1.0a:5");
      seen.add(stream);
    }
    assert.equal(page.openStreams.length, 4);
    await page.pass(10_000);
  }
  assert.deepEqual(new Set([...seen].map(({ url }) => url.pathname.split("/")[3])).size, 5);
});

test("a waiting operation takes the turn of one that is removed from the page", async () => {
  const page = await behindProxy(
    [ONE, TWO, THREE, FOUR, FIVE].map((id) => container({ id })).join(""),
  );
  page.container(TWO).remove();
  await page.settle();
  assert.ok(page.stream(FIVE));
  assert.equal(page.stream(TWO), undefined);
});

test("a refused stream does not stop the others", async () => {
  const page = await behindProxy(container() + container({ id: TWO }));
  page.stream(ONE).subscribed(channel(), "1.0a:5");
  page.stream(TWO).deliver({ type: "error", code: 4403, message: "not allowed" });
  await page.pass(1);
  assert.equal(page.openStreams.length, 1);
  page.stream(ONE).subscribed(channel(), "1.0a:5");
  await page.pass(20_000);
  assert.equal(page.connection(ONE), "connected");
  assert.equal(page.connection(TWO), "offline");
  assert.equal(page.stream(TWO), undefined);
});

test("a stream that does not begin is checked with a token request, and abandoned if refused", async () => {
  const page = await behindProxy(container() + container({ id: TWO }));
  page.stream(ONE).subscribed(channel(), "1.0a:5");
  page.answers["/live/token"] = grantOnly(channel());
  page.stream(TWO).drop();
  await page.pass(1);
  assert.equal(page.stream(TWO), undefined);
  page.stream(ONE).subscribed(channel(), "1.0a:5");
  assert.equal(page.connection(ONE), "connected");
});

test("a page follows a chain over streams as well", async () => {
  const page = await behindProxy();
  page.openStreams[0].subscribed(channel(), "1.0a:5");
  page.openStreams[0].frame(channel(), "1.0a:7", {
    liveop_html: nextContainer(TWO, ONE),
    liveop_chain: { channel: channel(TWO), token: "next", pk: TWO, url: "/next/" },
  });
  await page.settle();
  assert.deepEqual(
    page.openStreams.map(({ url }) => url.pathname),
    [`/live/demo.task/${TWO}/events`],
  );
  assert.equal(page.openStreams[0].since, null);
  page.openStreams[0].frame(channel(TWO), "1.0b:1", {
    liveop_html: replacement("status", "second", TWO),
  });
  assert.equal(page.region("status", TWO).textContent, "second");
});

test("a list over a stream loads its page again when the server speaks a newer version", async () => {
  const page = await behindProxy(list());
  page.roll(0);
  page.openStreams[0].event("operations-changed", '{"channel":"liveops.owner.ann","wire":2}');
  await page.settle();
  assert.equal(page.navigations, 1);
});

test("a list over a stream is fetched when it changes, and its rows update", async () => {
  const page = await behindProxy(list(`<p>old <b id="op-row-progress-${ONE}">0 %</b></p>`));
  page.answers["/live/"] = () => html(list(`<p>new <b id="op-row-progress-${ONE}">10 %</b></p>`));
  assert.equal(page.openStreams[0].url.pathname, "/live/events");
  page.openStreams[0].event("operations-changed", '{"channel":"liveops.owner.ann"}');
  await page.settle();
  assert.equal(page.find("#liveops-list").textContent, "new 10 %");
  const rows = [
    [ONE, "20 %"],
    [TWO, "99 %"],
  ];
  page.openStreams[0].event(
    "operation-row",
    rows.map(([id, text]) => `<b id="op-row-progress-${id}" hx-swap-oob="true">${text}</b>`).join(""),
  );
  assert.equal(page.find("#liveops-list").textContent, "new 20 %");
  await page.pass(2_000);
  page.openStreams[0].event("operations-changed", '{"channel":"liveops.owner.ann"}');
  await page.settle();
  assert.equal(page.requestsTo("/live/").length, 2);
});
