import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  TWO,
  channel,
  closePages,
  container,
  grantAll,
  grantOnly,
  json,
  list,
  openPage,
  refusal,
  replacement,
  silence,
} from "./support/page.js";

afterEach(closePages);

test("a page follows its operations from their cursors, over one socket", async () => {
  const page = await openPage(container() + container({ id: TWO, cursor: null }));
  page.socket.accept();
  assert.equal(page.sockets.length, 1);
  assert.equal(page.socket.url, "wss://example.test/live/ws");
  assert.deepEqual(page.socket.sent, [
    { type: "subscribe", token: `token-of-${channel()}`, since: "1.0a:5" },
    { type: "subscribe", token: `token-of-${channel(TWO)}` },
  ]);
});

test("an operation that is added to the page is followed, and a removed one is not", async () => {
  const page = await openPage();
  await page.connect();
  page.document.body.insertAdjacentHTML("beforeend", container({ id: TWO }));
  await page.settle();
  assert.equal(page.socket.sentOf("subscribe").at(-1).token, `token-of-${channel(TWO)}`);
  page.container().remove();
  await page.settle();
  assert.deepEqual(page.socket.sentOf("unsubscribe"), [
    { type: "unsubscribe", channel: channel() },
  ]);
  page.container(TWO).remove();
  await page.settle();
  assert.equal(page.socket.readyState, 3, "a page that shows nothing needs no socket");
});

test("the indicator and an event show the state of the connection", async () => {
  const page = await openPage();
  const states = page.listen("liveop:connection");
  await page.connect();
  assert.equal(page.connection(), "connected");
  assert.equal(page.find(".op-connection").title, "Live");
  page.socket.drop();
  assert.equal(page.connection(), "reconnecting");
  const socket = "wss://example.test/live/ws";
  assert.deepEqual(
    states.map(({ detail }) => ({ ...detail })),
    [
      { state: "connected", reason: null, socket, transport: "websocket" },
      { state: "reconnecting", reason: null, socket, transport: "websocket" },
    ],
  );
});

test("a ping is answered", async () => {
  const page = await openPage();
  await page.connect();
  page.socket.deliver({ type: "ping" });
  assert.deepEqual(page.socket.sent.at(-1), { type: "pong" });
});

test("a frame is applied and advances the cursor", async () => {
  const page = await openPage();
  await page.connect();
  const updates = page.listen("liveop:update");
  page.socket.frame(channel(), "1.0a:6", { liveop_html: replacement("status", "six") });
  assert.equal(page.region("status").textContent, "six");
  assert.equal(page.container().dataset.liveopCursor, "1.0a:6");
  assert.deepEqual(
    updates.map(({ detail }) => ({ ...detail })),
    [{ channel: channel(), cursor: "1.0a:6" }],
  );
  page.socket.drop();
  await page.pass(500);
  page.socket.accept();
  assert.equal(page.socket.sent[0].since, "1.0a:6");
});

// -- reconnecting

/** Returns the waits before the next attempts, while every socket is lost at once. */
async function waits(page, attempts) {
  const waits = [];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const known = page.sockets.length;
    const from = page.clock.now;
    page.socket.drop(1012);
    while (page.sockets.length === known) await page.clock.nextAsync();
    waits.push(page.clock.now - from);
  }
  return waits;
}

test("waits double up to half a minute, and are a random share of that", async () => {
  const longest = await openPage();
  longest.roll(1);
  assert.deepEqual(
    await waits(longest, 9),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
  const shorter = await openPage();
  shorter.roll(0.25);
  assert.deepEqual(await waits(shorter, 4), [125, 250, 500, 1000]);
  const shortest = await openPage();
  shortest.roll(0);
  assert.deepEqual(await waits(shortest, 3), [0, 0, 0]);
});

test("a connection that followed everything starts again with short waits", async () => {
  const page = await openPage();
  page.roll(1);
  await waits(page, 5);
  await page.connect();
  assert.deepEqual(await waits(page, 2), [500, 1000]);
});

for (const code of [1001, 1006, 1011, 1012, 4008, 4408]) {
  test(`a socket that closes with ${code} is followed by another`, async () => {
    const page = await openPage();
    await page.connect();
    page.roll(1);
    page.socket.drop(code);
    assert.equal(page.connection(), "reconnecting");
    await page.pass(500);
    assert.equal(page.sockets.length, 2);
    assert.equal(page.requests.length, 0, "its tokens are still good");
    await page.connect();
    assert.equal(page.connection(), "connected");
  });
}

for (const code of [1008, 1009]) {
  test(`a page that is closed with ${code} gives up until reconnect() is called`, async () => {
    const page = await openPage();
    await page.connect();
    page.socket.drop(code);
    await page.pass(600_000);
    assert.equal(page.sockets.length, 1);
    assert.equal(page.connection(), "offline");
    page.window.liveops.reconnect();
    await page.settle();
    await page.connect();
    assert.equal(page.connection(), "connected");
  });
}

test("after a close for too many connections the page waits half a minute", async () => {
  const page = await openPage();
  page.roll(0);
  page.socket.accept();
  page.socket.deliver({ type: "error", code: 4429, message: "too many connections" });
  page.socket.drop(4429);
  page.comeOnline();
  await page.pass(29_999);
  assert.equal(page.sockets.length, 1);
  await page.pass(1);
  assert.equal(page.sockets.length, 2);
});

test("when the network returns, the wait ends and an open socket is replaced", async () => {
  const page = await openPage();
  await page.connect();
  const before = page.socket;
  page.comeOnline();
  await page.settle();
  assert.equal(page.sockets.length, 2);
  assert.equal(before.readyState, 3);
  page.roll(1);
  page.socket.drop(1012);
  page.comeOnline();
  await page.settle();
  assert.equal(page.sockets.length, 3);
  await page.connect();
  await page.pass(5_000);
  assert.equal(page.sockets.length, 3, "the wait is over for good");
});

test("when the page becomes visible, the wait ends and a working connection stays", async () => {
  const page = await openPage();
  page.roll(1);
  await page.connect();
  page.hide();
  page.show();
  await page.settle();
  assert.equal(page.sockets.length, 1);
  page.hide();
  assert.equal(page.socket.readyState, 1, "a hidden page stays connected");
  page.socket.drop(1012);
  page.show();
  await page.settle();
  assert.equal(page.sockets.length, 2);
});

test("a page that slept for longer than the keepalive timeout reconnects when it wakes", async () => {
  const page = await openPage();
  await page.connect();
  page.hide();
  // Timers stop while the page sleeps.
  page.clock.setSystemTime(page.clock.now + 50_000);
  page.show();
  await page.settle();
  assert.equal(page.sockets.length, 2);
});

test("a page in the back-forward cache closes its socket, and opens another when it is restored", async () => {
  const page = await openPage();
  await page.connect();
  page.leave();
  assert.equal(page.socket.readyState, 3);
  await page.pass(600_000);
  assert.equal(page.sockets.length, 1);
  page.comeBack();
  await page.settle();
  assert.equal(page.sockets.length, 2);
  await page.connect();
  assert.equal(page.connection(), "connected");
});

// -- silence

async function diesAfter(page, ms) {
  const { socket } = page;
  await page.pass(ms - 1);
  assert.notEqual(socket.readyState, 3);
  await page.pass(1);
  assert.equal(socket.readyState, 3);
  await page.clock.nextAsync();
  assert.notEqual(page.socket, socket, "another socket replaces it");
}

test("a connection without a message for two keepalives is closed", async () => {
  const page = await openPage();
  await page.connect();
  await page.pass(49_999);
  page.socket.deliver({ type: "ping" });
  await diesAfter(page, 50_000);
});

test("the page sets the keepalive interval", async () => {
  const page = await openPage(container().replace('keepalive="25"', 'keepalive="0.5"'));
  await page.connect();
  await diesAfter(page, 1000);
});

test("a socket that does not open is closed after two keepalives", async () => {
  const page = await openPage();
  await diesAfter(page, 50_000);
});

test("a socket without a first message is closed after ten seconds", async () => {
  const page = await openPage();
  page.socket.accept();
  await diesAfter(page, 10_000);
});

// -- permissions

test("a page that was open for hours fetches fresh tokens and goes on without a reload", async () => {
  const page = await openPage();
  page.roll(1);
  await page.connect();
  page.socket.drop(1012);
  await page.pass(500);
  page.socket.accept();
  page.socket.deliver({ type: "error", code: 4401, message: "token invalid or expired" });
  page.socket.drop(4401);
  await page.pass(1000);
  assert.deepEqual(JSON.parse(page.requests[0].body), { channels: [channel()] });
  page.socket.accept();
  const fresh = `fresh-token-of-${channel()}`;
  assert.deepEqual(page.socket.sent, [{ type: "subscribe", token: fresh, since: "1.0a:5" }]);
  assert.equal(page.container().dataset.liveopToken, fresh);
  page.socket.subscribed(channel(), "1.0a:5");
  assert.equal(page.connection(), "connected");
});

test("an attempt that was superseded while it waited for tokens opens no socket", async () => {
  const page = await openPage(container({ token: null }), { script: false });
  const answers = [];
  page.answers["/live/token"] = (request) =>
    new Promise((resolve) => answers.push(() => resolve(grantAll(request))));
  page.load();
  page.comeOnline();
  await page.settle();
  assert.equal(answers.length, 2);
  answers.forEach((answer) => answer());
  await page.settle();
  assert.equal(page.sockets.length, 1);
});

test("the error message reveals a refused token if a proxy drops the close code", async () => {
  const page = await openPage();
  page.roll(0);
  page.socket.accept();
  page.socket.deliver({ type: "error", code: 4401, message: "token invalid or expired" });
  page.socket.drop(1006);
  await page.settle();
  assert.equal(page.requestsTo("/live/token").length, 1);
});

test("a container without a token gets one before it connects", async () => {
  const page = await openPage(container({ token: null }));
  assert.equal(page.requestsTo("/live/token").length, 1);
  page.socket.accept();
  assert.equal(page.socket.sent[0].token, `fresh-token-of-${channel()}`);
});

test("a channel that gets no token does not stop the others", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.roll(0);
  page.answers["/live/token"] = grantOnly(channel(TWO));
  page.socket.accept();
  page.socket.deliver({ type: "error", code: 4401, message: "token invalid or expired" });
  page.socket.drop(4401);
  await page.settle();
  await page.connect();
  assert.deepEqual(page.socket.sent, [
    { type: "subscribe", token: `fresh-token-of-${channel(TWO)}`, since: "1.0a:5" },
  ]);
  assert.equal(page.connection(TWO), "connected");
  assert.equal(
    page.connection(ONE),
    "offline",
    "a channel without a token is not shown as live",
  );
});

test("a channel that may not be followed does not stop the others", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.roll(0);
  page.socket.accept();
  page.socket.subscribed(channel(), "1.0a:5");
  page.socket.deliver({ type: "error", code: 4403, message: "not allowed" });
  page.socket.drop(4403);
  await page.settle();
  page.socket.accept();
  assert.deepEqual(
    page.socket.sent.map(({ token }) => token),
    [`token-of-${channel()}`],
  );
  page.socket.subscribed(channel(), "1.0a:5");
  assert.equal(page.connection(ONE), "connected");
  assert.equal(page.connection(TWO), "offline");
});

test("a refusal is for the first channel without an answer", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.roll(0);
  page.socket.accept();
  page.socket.subscribed(channel(), "1.0a:5");
  page.container().outerHTML = container({ cursor: "1.0a:9" });
  await page.settle();
  page.socket.deliver({ type: "error", code: 4403, message: "not allowed" });
  page.socket.drop(4403);
  await page.settle();
  page.socket.accept();
  assert.deepEqual(
    page.socket.sent.map(({ token }) => token),
    [`token-of-${channel(ONE)}`],
    "the second was asked for before the first was asked for again",
  );
});

test("if a followed channel is refused later, new tokens show which", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.roll(0);
  await page.connect();
  page.answers["/live/token"] = grantOnly(channel());
  page.socket.drop(4403);
  await page.settle();
  page.socket.accept();
  assert.deepEqual(
    page.socket.sent.map(({ token }) => token),
    [`fresh-token-of-${channel(ONE)}`],
  );
});

test("when the only channel may not be followed the page is offline", async () => {
  const page = await openPage();
  page.socket.accept();
  page.socket.drop(4403);
  await page.pass(600_000);
  assert.equal(page.sockets.length, 1);
  assert.equal(page.connection(), "offline");
});

test("waits grow while one of several channels is refused again and again", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.roll(1);
  const waits = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const known = page.sockets.length;
    const from = page.clock.now;
    page.socket.accept();
    page.socket.subscribed(channel(), "1.0a:5");
    page.socket.drop(4401);
    while (page.sockets.length === known) await page.clock.nextAsync();
    waits.push(page.clock.now - from);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000]);
});

test("a network that is lost shows at once, and the page tries whether the server is still there", async () => {
  const page = await openPage();
  await page.connect();
  page.window.dispatchEvent(new page.window.Event("offline"));
  assert.equal(page.connection(), "reconnecting");
  assert.equal(page.sockets.length, 2);
  // A server on the same machine, for example.
  await page.connect();
  assert.equal(page.connection(), "connected");
});

for (const [what, answer] of [
  ["with 401", refusal(401)],
  ["with the way to a sign-in page", { ok: true, status: 200, redirected: true }],
]) {
  test(`a server that answers ${what} has signed the viewer out, and the page says so`, async () => {
    const page = await openPage(container());
    const states = page.listen("liveop:connection");
    page.answers["/live/token"] = () => answer;
    page.socket.accept();
    page.socket.drop(4401);
    await page.pass(60_000);
    const notice = page.container().querySelector("[role=alert] a");
    assert.equal(notice.textContent, "You are signed out. Sign in again.");
    assert.equal(notice.href, page.window.location.href);
    assert.deepEqual(states.map(({ detail }) => [detail.state, detail.reason]).at(-1), ["offline", "signed_out"]);
  });
}

for (const status of [401, 403]) {
  test(`a viewer who is signed out (${status}) is offline, and back when they are`, async () => {
    const page = await openPage(container());
    page.answers["/live/token"] = () => refusal(status);
    page.roll(0);
    page.socket.accept();
    page.socket.drop(4401);
    await page.pass(600_000);
    assert.equal(page.sockets.length, 1);
    assert.equal(page.connection(), "offline");
    page.answers["/live/token"] = grantOnly(channel());
    page.show();
    await page.settle();
    await page.connect();
    assert.equal(page.connection(), "connected");
  });
}

for (const [what, answer] of [
  ["is down", () => refusal(503)],
  ["is busy", () => refusal(429)],
  ["has no such page for the moment", () => refusal(404)],
  ["cannot be reached", () => Promise.reject(new TypeError("Failed to fetch"))],
  [
    "answers with a page to sign in",
    () => ({ ...json(), json: () => Promise.reject(new SyntaxError("<")) }),
  ],
  ["never answers", silence],
]) {
  test(`a server that ${what} when asked for tokens is asked again`, async () => {
    const page = await openPage();
    page.roll(0.5);
    await page.connect();
    page.answers["/live/token"] = answer;
    page.socket.drop(4401);
    await page.pass(120_000);
    assert.equal(page.sockets.length, 1);
    assert.equal(page.connection(), "reconnecting");
    assert.ok(page.requests.length > 2);
    page.answers["/live/token"] = grantOnly(channel());
    while (page.sockets.length === 1) await page.clock.nextAsync();
    await page.connect();
    assert.equal(page.connection(), "connected");
  });
}

// -- unreadable messages

for (const text of ["", "<html>", "{", "null", "7", "[]", '"text"', "{}"]) {
  test(`a message of ${JSON.stringify(text)} makes the page reconnect and catch up`, async () => {
    const page = await openPage();
    page.roll(0);
    await page.connect();
    page.socket.deliverText(text);
    await page.settle();
    assert.equal(page.sockets.length, 2);
    page.socket.accept();
    assert.equal(page.socket.sent[0].since, "1.0a:5");
  });
}

test("unknown messages and fields are ignored", async () => {
  const page = await openPage();
  await page.connect();
  page.socket.deliver({ type: "unknown", channel: channel() });
  page.socket.frame(channel(), "1.0a:6", { liveop_confetti: true });
  page.socket.frame("liveop.unknown", "1.0a:6", { liveop_html: replacement("status", "no") });
  page.socket.subscribed("liveop.unknown", "1.0a:6");
  assert.equal(page.sockets.length, 1);
  assert.equal(page.container().dataset.liveopCursor, "1.0a:6");
  assert.equal(page.region("status").textContent, "Running");
});

test("a list and operations share a socket", async () => {
  const page = await openPage(list() + container());
  page.socket.accept();
  assert.equal(page.sockets.length, 1);
  assert.equal(page.socket.sentOf("subscribe").length, 2);
});
