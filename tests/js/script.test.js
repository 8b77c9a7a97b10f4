import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, test } from "node:test";
import { ONE, channel, closePages, container, openPage, replacement } from "./support/page.js";

afterEach(closePages);

test("window.liveops is all that the script adds to the page", async () => {
  const page = await openPage(container(), { script: false });
  const before = new Set(Reflect.ownKeys(page.window));
  page.load();
  await page.connect();
  page.window.liveops.apply(replacement("status", "x"));
  const added = Reflect.ownKeys(page.window).filter((key) => !before.has(key));
  assert.deepEqual(added, ["liveops"]);
  assert.deepEqual(Object.keys(page.window.liveops).sort(), [
    "apply",
    "labels",
    "logLinesMax",
    "reconnect",
  ]);
});

test("a script that is loaded twice works once", async () => {
  const page = await openPage();
  const { liveops } = page.window;
  page.load();
  await page.settle();
  assert.equal(page.sockets.length, 1);
  assert.equal(page.window.liveops, liveops);
});

test("a script that is loaded before the operations follows them later", async () => {
  const page = await openPage("<p>Nothing yet</p>");
  assert.equal(page.sockets.length, 0);
  page.document.body.insertAdjacentHTML("beforeend", container());
  await page.settle();
  await page.connect();
  assert.equal(page.connection(), "connected");
});

async function connectionLabel(labels, assigned = {}) {
  const page = await openPage(container({ labels }));
  Object.assign(page.window.liveops.labels, assigned);
  await page.connect();
  return page.find(".op-connection").getAttribute("aria-label");
}

test("labels come from the page", async () => {
  assert.equal(await connectionLabel('{"connected":"Na żywo"}'), "Na żywo");
});

test("an assigned label overrides the label of the page", async () => {
  assert.equal(await connectionLabel('{"connected":"Live"}', { connected: "Na żywo" }), "Na żywo");
});

test("a page without valid labels has English ones", async () => {
  assert.equal(await connectionLabel(), "Live");
  assert.equal(await connectionLabel('{"offline":"Offline"}'), "Live");
  assert.equal(await connectionLabel("{"), "Live");
});

for (const [lang, written] of [
  ["de", "1.1.2030, 12:30:00"],
  ["en", "1/1/2030, 12:30:00 PM"],
  ["not a language", undefined],
]) {
  test(`times are formatted in the language of the page: ${lang}`, async () => {
    const noon = '<div><time datetime="2030-01-01T12:30:00">12:30</time></div>';
    const page = await openPage(container({ lang, log: noon }));
    const expected = written ?? new Date("2030-01-01T12:30:00").toLocaleString();
    const title = page.find(".op-log time").title;
    assert.equal(title.replaceAll("\u202f", " "), expected.replaceAll("\u202f", " "));
  });
}

// -- events

function end(page, cursor, rest) {
  const outcome = { pk: ONE, state: "FINISHED_OK", url: "/live/", success_url: null, ...rest };
  page.socket.frame(channel(), cursor, { liveop_finished: outcome });
}

test("liveop:finished is dispatched once, with the outcome", async () => {
  const page = await openPage();
  await page.connect();
  const ends = page.listen("liveop:finished");
  end(page, "1.0a:6");
  end(page, "1.0a:7");
  assert.equal(ends.length, 1);
  assert.equal(ends[0].target, page.container());
  const detail = {
    channel: channel(),
    pk: ONE,
    state: "FINISHED_OK",
    url: "/live/",
    success_url: null,
  };
  assert.deepEqual({ ...ends[0].detail }, detail);
  assert.equal(page.container().dataset.liveopState, "FINISHED_OK");
});

test("a page that the reader has come back to does not send the reader away again", async () => {
  const page = await openPage();
  page.window.performance.getEntriesByType = () => [{ type: "back_forward" }];
  await page.connect();
  end(page, "1.0a:6", { success_url: "/thanks" });
  assert.equal(page.navigations, 0);
});

test("the end moves the page to success_url, unless a listener prevents it", async () => {
  for (const prevents of [false, true]) {
    const page = await openPage();
    await page.connect();
    page.document.addEventListener(
      "liveop:finished",
      (event) => prevents && event.preventDefault(),
    );
    end(page, "1.0a:6", { success_url: "/thanks" });
    assert.equal(page.navigations, prevents ? 0 : 1);
  }
});

test("a page that was loaded after the end does not move", async () => {
  const page = await openPage(container({ state: "FINISHED_OK" }));
  await page.connect();
  end(page, "1.0a:6", { success_url: "/thanks" });
  assert.equal(page.navigations, 0);
});

test("a listener that throws does not stop the page", async () => {
  const page = await openPage();
  await page.connect();
  page.document.addEventListener("liveop:update", () => {
    throw new Error("of the application");
  });
  page.socket.frame(channel(), "1.0a:6", { liveop_html: replacement("status", "six") });
  page.socket.frame(channel(), "1.0a:7", { liveop_html: replacement("status", "seven") });
  assert.equal(page.region("status").textContent, "seven");
  assert.equal(page.errors.splice(0).length, 2);
});

// -- htmx

const packages = createRequire(import.meta.url);

function loadHtmx(page, version) {
  // jsdom requires the type of a result, which htmx omits because browsers accept it.
  const { prototype } = page.window.XPathEvaluator;
  const { createExpression } = prototype;
  page.window.XPathEvaluator = class {
    createExpression(...query) {
      const expression = createExpression.apply(new prototype.constructor(), query);
      return { evaluate: (node, type = 0) => expression.evaluate(node, type, null) };
    }
  };
  page.window.eval(readFileSync(packages.resolve(`${version}/dist/htmx.min.js`), "utf8"));
}

const BUTTON = '<button hx-get="/more" hx-swap="none">More</button>';

/** Clicks the button and returns the requests of htmx. */
async function askedAfterClick(page) {
  const asked = [];
  page.answers["/more"] = () => asked.push("/more") && new Promise(() => {});
  page.window.XMLHttpRequest.prototype.send = () => asked.push("/more");
  page.find("button").click();
  await page.pass(100);
  return asked;
}

for (const version of ["htmx-2", "htmx-4"]) {
  test(`new content is active with ${version}`, async () => {
    const page = await openPage(container(), { script: false });
    loadHtmx(page, version);
    page.load();
    await page.settle();
    page.window.liveops.apply(replacement("question", BUTTON));
    assert.deepEqual(await askedAfterClick(page), ["/more"]);
  });

  test(`content from before ${version} was loaded becomes active`, async () => {
    const page = await openPage();
    page.window.liveops.apply(replacement("question", BUTTON));
    loadHtmx(page, version);
    await page.pass(100);
    assert.deepEqual(await askedAfterClick(page), ["/more"]);
  });
}

test("without htmx new content is only shown", async () => {
  const page = await openPage();
  page.window.liveops.apply(replacement("question", BUTTON));
  assert.deepEqual(await askedAfterClick(page), []);
});

test("the end of another run is dispatched, although its start was not received", async () => {
  const page = await openPage(container({ state: "FINISHED_ERROR", cursor: "1.0a:9" }));
  await page.connect("1.0a:9");
  const ends = page.listen("liveop:finished");
  end(page, "2.0b:6");
  end(page, "2.0b:6");
  assert.equal(ends.length, 1);
  assert.equal(page.container().dataset.liveopState, "FINISHED_OK");
});

test("the badge sets the state of an unfinished run", async () => {
  const page = await openPage(container({ state: "FINISHED_ERROR", cursor: "1.0a:9" }));
  await page.connect("1.0a:9");
  for (const [seq, state] of [
    [1, "NOT_STARTED"],
    [2, "STARTED"],
  ]) {
    const badge = `<span class="liveops-badge" data-state="${state}"></span>`;
    page.socket.frame(channel(), `2.0b:${seq}`, { liveop_html: replacement("controls", badge) });
    assert.equal(page.container().dataset.liveopState, state);
  }
});
