import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  THREE,
  TWO,
  channel,
  closePages,
  container,
  nextContainer,
  openPage,
  replacement,
  sections,
} from "./support/page.js";

afterEach(closePages);

function handOver(page, from, to, cursor, html = nextContainer(to, from)) {
  page.socket.frame(channel(from), cursor, {
    liveop_html: html,
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

/** The operations of the page, from top to bottom. */
function shown(page) {
  return [...page.document.querySelectorAll(".liveop")].map(({ id }) => id.replace("op-", ""));
}

function numbered(number) {
  return ONE.slice(0, -4) + String(number).padStart(4, "0");
}

test("a page follows a chain in place, over the same socket", async () => {
  const page = await openPage();
  await page.connect();
  finish(page, ONE, "1.0a:6");
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
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
  assert.deepEqual(shown(page), [ONE, TWO, THREE]);
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
  assert.deepEqual(shown(page), [ONE, TWO]);
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

test("the operation that has ended stays above the next one, folded", async () => {
  const page = await openPage(container({ title: "Import", log: "<div>read</div>" }));
  await page.connect();
  page.region("result").innerHTML = "<a href='/rejected'>Rejected rows</a>";
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  assert.deepEqual(shown(page), [ONE, TWO]);
  const folded = page.container(ONE).querySelector(":scope > .op-folded");
  assert.equal(folded.open, false);
  assert.equal(folded.querySelector("summary").textContent, "Result");
  assert.equal(folded.querySelector(".op-result a").textContent, "Rejected rows");
  assert.ok(folded.querySelector(".op-log").textContent.includes("read"));
  assert.ok(page.container(ONE).querySelector(":scope > .op-head"));
  assert.equal(page.container(ONE).hasAttribute("data-liveop-channel"), false);
});

test("the address and the title of an operation's page follow the chain", async () => {
  const first = container({ title: "november.csv – Import" });
  const path = `/live/demo.task/${ONE}/`;
  const page = await openPage(first, { path, title: "november.csv – Import · Shop" });
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7", nextContainer(TWO, ONE, "$& Reminders"));
  assert.equal(page.window.location.pathname, `/live/demo.task/${TWO}/`);
  assert.equal(page.document.title, "$& Reminders · Shop");
  assert.equal(page.window.history.length, 1);
  await page.settle();
  page.socket.subscribed(channel(TWO), "1.0b:1");
  handOver(page, TWO, THREE, "1.0b:7", nextContainer(THREE, TWO, "Report"));
  assert.equal(page.window.location.pathname, `/live/demo.task/${THREE}/`);
  assert.equal(page.document.title, "Report · Shop");
});

test("a title that the application has changed becomes the title of the next operation", async () => {
  const path = `/live/demo.task/${ONE}/`;
  const page = await openPage(container({ title: "Import" }), { path, title: "Shop" });
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7", nextContainer(TWO, ONE, "Reminders"));
  assert.equal(page.document.title, "Reminders");
});

test("a page of the application keeps its address and its title", async () => {
  const page = await openPage(container({ title: "Import" }), { path: "/shop", title: "Import" });
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7", nextContainer(TWO, ONE, "Reminders") + sections(TWO));
  assert.equal(page.window.location.pathname, "/shop");
  assert.equal(page.document.title, "Import");
  assert.equal(page.find(".op-sections"), null);
});

test("a page shows the details of the next operation, which it loads when they are opened", async () => {
  const page = await openPage(container() + sections(ONE, "details of one"));
  page.answers[`/live/demo.task/${TWO}/details`] = () => new Response("<p>details of two</p>");
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7", nextContainer(TWO, ONE) + sections(TWO));
  await page.settle();
  const [details, ...others] = page.document.querySelectorAll(".op-sections > details");
  assert.deepEqual(others, []);
  assert.equal(details.textContent, "Details");
  assert.equal(page.container(TWO).nextElementSibling, details.parentElement);
  assert.equal(page.requestsTo(`/live/demo.task/${TWO}/details`).length, 0);
  details.open = true;
  await page.pass(0);
  assert.ok(details.textContent.includes("details of two"), details.textContent);
});

test("a long chain leaves the newest ten operations in the page", async () => {
  const page = await openPage(container({ id: numbered(0) }));
  await page.connect();
  for (let number = 0; number < 15; number += 1) {
    handOver(page, numbered(number), numbered(number + 1), "1.0a:7");
    await page.settle();
    page.socket.subscribed(channel(numbered(number + 1)), "1.0a:5");
  }
  assert.deepEqual(shown(page), Array.from({ length: 11 }, (_, at) => numbered(at + 5)));
});

test("a chain that comes back to an operation follows it again", async () => {
  const page = await openPage();
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  page.socket.subscribed(channel(TWO), "1.0b:1");
  handOver(page, TWO, ONE, "1.0b:7");
  await page.settle();
  assert.deepEqual(shown(page), [TWO, ONE]);
  assert.equal(page.container(ONE).querySelector(".op-folded"), null);
  assert.equal(page.socket.sent.at(-2).token, `token-of-${channel(ONE)}`);
});

test("the focus moves from the operation that has ended to the next one", async () => {
  const page = await openPage();
  await page.connect();
  const log = page.container(ONE).querySelector(".op-log");
  log.tabIndex = 0;
  log.focus();
  handOver(page, ONE, TWO, "1.0a:7");
  assert.equal(page.document.activeElement, page.container(TWO));
});

test("an operation that stands in the page already stays in its place", async () => {
  const page = await openPage(container({ id: TWO, state: "NOT_STARTED" }) + container());
  await page.connect();
  handOver(page, ONE, TWO, "1.0a:7");
  await page.settle();
  assert.deepEqual(shown(page), [TWO, ONE]);
});
