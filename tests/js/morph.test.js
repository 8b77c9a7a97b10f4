import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { addition, closePages, container, openPage, replacement, snapshot } from "./support/page.js";

afterEach(closePages);

/** A generator of numbers below 1 that a seed determines (mulberry32). */
function numbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Makes HTML of a few elements, some with ids, in an order that differs from seed to seed. */
function tree(random, depth = 3, ids = ["a", "b", "c", "d", "e"].sort(() => random() - 0.5)) {
  const pick = (...choices) => choices[Math.floor(random() * choices.length)];
  const parts = Array.from({ length: Math.floor(random() * 5) }, () => {
    if (depth === 0 || random() < 0.3) return pick("text", "more text", " ", "7 %");
    const name = pick("p", "div", "a", "b", "details", "form", "ul");
    const id = random() < 0.3 && ids.length > 0 ? ` id="${ids.pop()}"` : "";
    const more = { a: ` href="/${pick(1, 2)}"`, form: ` action="/${pick("retry", "cancel")}"` }[name] ?? "";
    return `<${name}${id}${more} class="${pick("x", "y")}">${tree(random, depth - 1, ids)}</${name}>`;
  });
  return parts.join("");
}

test("a region becomes what the server sends, whatever it was before", async () => {
  const page = await openPage();
  const regionOf = (html) => {
    const region = page.region("preview").cloneNode(false);
    region.innerHTML = html;
    return region;
  };
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = numbers(seed);
    for (let step = 0; step < 4; step += 1) {
      const html = tree(random).replaceAll("<details", "<section").replaceAll("</details", "</section");
      page.window.liveops.apply(replacement("preview", html));
      const isEqual = page.region("preview").isEqualNode(regionOf(html));
      assert.ok(isEqual, `seed ${seed}, step ${step}: ${page.region("preview").innerHTML} is not ${html}`);
    }
  }
});

test("an element stays the same element while its content changes", async () => {
  const page = await openPage();
  const show = (html) => page.window.liveops.apply(replacement("preview", html));
  show('<p>1 row</p><button>Stop</button><a href="/rows?at=1">Rows</a>');
  const [button, link] = ["button", "a"].map((name) => page.region("preview").querySelector(name));
  show('<h4>Busy</h4><p>2 rows</p><p>slow</p><button>Stop</button><a href="/rows?at=2">Rows</a>');
  assert.equal(page.region("preview").querySelector("button"), button);
  assert.equal(page.region("preview").querySelector("a"), link);
  assert.equal(link.getAttribute("href"), "/rows?at=2");
});

test("what the reader has opened stays open, and what the reader has closed stays closed", async () => {
  const page = await openPage();
  const show = (count, open = "") => {
    const fold = `<details${open}><summary>${count} rows</summary>${count}</details>`;
    page.window.liveops.apply(replacement("preview", `<p>${count}</p>${fold}`));
  };
  show(1);
  const details = page.region("preview").querySelector("details");
  details.open = true;
  show(2);
  assert.equal(details.isConnected && details.open, true);
  details.open = false;
  show(3, " open");
  assert.equal(details.isConnected && details.open, false);
});

test("content that is the same changes nothing", async () => {
  const page = await openPage();
  const html = "<details><summary>Rows</summary>1</details><p>2</p>";
  page.window.liveops.apply(replacement("preview", html));
  page.region("preview").querySelector("details").open = true;
  let changes = 0;
  const observer = new page.window.MutationObserver((records) => (changes += records.length));
  const all = { attributes: true, characterData: true, childList: true, subtree: true };
  observer.observe(page.document.body, all);
  page.window.liveops.apply(replacement("preview", html));
  await page.settle();
  assert.equal(changes, 0);
});

test("text stays selected while another part of it changes", async () => {
  const page = await openPage();
  const show = (text) => page.window.liveops.apply(replacement("preview", text));
  show("1 row is done: november.csv");
  const text = page.region("preview").firstChild;
  page.document.getSelection().setBaseAndExtent(text, 15, text, 27);
  show("1,204 rows are done: november.csv");
  assert.equal(page.document.getSelection().toString(), "november.csv");
});

test("an element with the focus is not moved", async () => {
  const page = await openPage();
  const field = (name) => `<label>${name}<input name="${name}"></label>`;
  const show = (...names) => page.window.liveops.apply(replacement("preview", names.map(field).join("")));
  show("a", "b", "c");
  const focused = page.find("[name=c]");
  focused.focus();
  let blurs = 0;
  focused.addEventListener("blur", () => (blurs += 1));
  show("c", "a", "b");
  show("b", "x", "c", "a");
  assert.equal(page.document.activeElement, focused);
  assert.equal(blurs, 0);
});

// -- frames

async function running() {
  const page = await openPage();
  await page.connect();
  return page;
}

function receive(page, number, html) {
  const channel = page.container().dataset.liveopChannel;
  page.socket.deliver({ type: "chat_message", channel, cursor: `1.0a:${number}`, liveop_html: html });
}

test("everything that arrives before an animation frame is applied together", async () => {
  const page = await running();
  const updates = [];
  page.document.addEventListener("liveop:update", ({ detail }) => updates.push(detail.cursor));
  receive(page, 6, replacement("status", "one"));
  receive(page, 7, addition("preview", "<p>a</p>"));
  receive(page, 8, replacement("status", "two"));
  receive(page, 9, addition("preview", "<p>b</p>"));
  assert.equal(page.region("status").textContent, "Running");
  page.draw();
  assert.equal(page.region("status").textContent, "two");
  assert.equal(page.region("preview").textContent, "ab");
  assert.deepEqual(updates, ["1.0a:9"]);
  assert.equal(page.container().dataset.liveopCursor, "1.0a:9");
});

test("any number of frames before an animation frame leave the page that each of them alone would", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = numbers(seed);
    const pick = (...choices) => choices[Math.floor(random() * choices.length)];
    const content = (number) =>
      pick(
        () => replacement(pick("status", "preview", "found"), `<p>${number}</p>`),
        () => addition(pick("preview", "found"), `<p>${number}</p>`),
        () => addition("log", `<div id="op-log-${number}">${number}</div>`),
        () => snapshot({ preview: `<p>${number}</p>` }),
      )();
    const contents = Array.from({ length: 12 }, (_, number) => content(number));
    const [together, apart] = [await running(), await running()];
    contents.forEach((html, at) => receive(together, 6 + at, html));
    together.draw();
    for (const html of contents) apart.window.liveops.apply(html);
    const shown = (page) => {
      delete page.container().dataset.liveopCursor;
      return page.document.body.innerHTML.replace(/ data-connection.*?>/g, ">");
    };
    const [actual, expected] = [together, apart].map((page) => shown(page));
    assert.equal(actual, expected, `seed ${seed}: ${contents.join("\n")}`);
    closePages();
  }
});

test("a hidden page changes when it is seen again, and the server need not wait for it", async () => {
  const page = await running();
  page.hide();
  for (let number = 6; number < 40; number += 1) receive(page, number, replacement("status", `${number}`));
  await page.pass(2_000);
  assert.equal(page.region("status").textContent, "Running");
  assert.equal(page.socket.sentOf("ack").at(-1).cursor, "1.0a:39");
  page.show();
  assert.equal(page.region("status").textContent, "39");
});

test("the end of an operation is shown to a hidden page at once", async () => {
  const page = await running();
  page.hide();
  receive(page, 6, replacement("status", "Done"));
  const end = { pk: "1", state: "FINISHED_OK", url: "/", success_url: null };
  page.socket.deliver({
    type: "chat_message", channel: page.container().dataset.liveopChannel, cursor: "1.0a:7", liveop_finished: end,
  });
  assert.equal(page.region("status").textContent, "Done");
  assert.equal(page.container().dataset.liveopState, "FINISHED_OK");
});

test("a page without animation frames is up to date after a second", async () => {
  const page = await running();
  page.window.requestAnimationFrame = () => 0;
  receive(page, 6, replacement("status", "late"));
  await page.pass(1_000);
  assert.equal(page.region("status").textContent, "late");
});

test("a page that is flooded keeps no more lines than it shows", async () => {
  const page = await openPage(container());
  await page.connect();
  page.hide();
  for (let at = 0; at < 30; at += 1) {
    const lines = Array.from({ length: 100 }, (_, line) => at * 100 + line);
    const html = lines.map((line) => `<div id="op-log-1-${line}">${line}</div>`).join("");
    receive(page, 6 + at, addition("log", html));
  }
  await page.pass(1_000);
  page.show();
  const shown = [...page.region("log").children].map(({ textContent }) => Number(textContent));
  assert.deepEqual([shown.length, shown[0], shown.at(-1)], [1_000, 2_000, 2_999]);
});

test("words stay selected where they are now, in either direction", async () => {
  const page = await openPage();
  const show = (text) => page.window.liveops.apply(replacement("preview", text));
  const selection = page.document.getSelection();
  show("x code A-17, code A-17, 1 s");
  const text = page.region("preview").firstChild;
  selection.setBaseAndExtent(text, 22, text, 18);
  show("xxx code A-17, code A-17, 22 s");
  assert.equal(selection.toString(), "A-17");
  assert.deepEqual([selection.anchorOffset, selection.focusOffset], [24, 20]);
  show("A-17 alone");
  assert.equal(selection.toString(), "A-17");
  show("nothing");
  assert.equal(selection.toString(), "");
});
