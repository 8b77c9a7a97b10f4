import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  ONE,
  TWO,
  addition,
  closePages,
  container,
  openPage,
  replacement,
} from "./support/page.js";

afterEach(closePages);

test("a fragment replaces the region of its id", async () => {
  const page = await openPage();
  const ids = page.window.liveops.apply(replacement("status", "<p>Half way</p>"));
  assert.equal(page.region("status").textContent, "Half way");
  assert.equal(page.region("status").hasAttribute("hx-swap-oob"), false);
  assert.deepEqual([...ids], [`op-status-${ONE}`]);
});

test("each fragment of a message is applied to its own region", async () => {
  const page = await openPage(container() + container({ id: TWO }));
  page.window.liveops.apply(replacement("status", "one") + replacement("status", "two", TWO));
  assert.equal(page.region("status", ONE).textContent, "one");
  assert.equal(page.region("status", TWO).textContent, "two");
});

test("an addition goes to the end of its region", async () => {
  const page = await openPage();
  page.window.liveops.apply(replacement("preview", "<p>a</p>"));
  page.window.liveops.apply(addition("preview", "<p>b</p><p>c</p>"));
  assert.equal(page.region("preview").textContent, "abc");
});

test("a custom region is created among the custom regions", async () => {
  const page = await openPage();
  page.window.liveops.apply(addition("found-things", "<p>first</p>"));
  const region = page.region("found-things");
  assert.equal(region.parentElement.id, `op-regions-${ONE}`);
  assert.equal(region.className, "op-region");
  assert.equal(region.textContent, "first");
});

test("no region is created for an unknown operation", async () => {
  const page = await openPage();
  const before = page.document.body.innerHTML;
  const strangers = [
    replacement("preview", "of another operation", TWO),
    `<span id="op-row-progress-${ONE}" hx-swap-oob="true"><progress></progress></span>`,
    `<div id="op-row-status-${ONE}" hx-swap-oob="true">half</div>`,
    '<div id="sidebar" hx-swap-oob="true">x</div>',
    '<div hx-swap-oob="beforeend:#sidebar">x</div>',
    '<div hx-swap-oob="true">no id</div>',
    `<div id="op-status-${ONE}">not out of band</div>`,
    "text alone",
  ];
  for (const stranger of strangers) page.window.liveops.apply(stranger);
  assert.equal(page.document.body.innerHTML, before);
});

test("a built-in region that the template lacks is not created", async () => {
  const page = await openPage();
  page.region("result").remove();
  page.window.liveops.apply(replacement("result", "42"));
  assert.equal(page.region("result"), null);
});

test("an unchanged region is not replaced", async () => {
  const page = await openPage();
  const paragraph = page.find(".op-status p");
  page.window.liveops.apply(replacement("status", "<p>Running</p>"));
  assert.equal(page.find(".op-status p"), paragraph);
});

test("the bar stays in the document while its value moves", async () => {
  const page = await openPage();
  const bar = (value) =>
    `<b>~</b><progress max="100" value="${value}">${value} %</progress><span>${value}</span>`;
  page.window.liveops.apply(replacement("progress", bar(10)));
  const before = page.find("progress");
  page.window.liveops.apply(replacement("progress", bar(20)));
  assert.equal(page.find("progress"), before);
  assert.equal(page.region("progress").innerHTML, bar(20));
});

test("scripts inside fragments do not run", async () => {
  const page = await openPage();
  page.window.liveops.apply(replacement("status", "<script>window.ran = true</script>"));
  assert.equal(page.window.ran, undefined);
});

test("a container that replaces another keeps the viewer's attributes", async () => {
  const page = await openPage();
  const bare = container({ token: null, cursor: null, replaces: ONE }).replace(
    'data-liveop-socket="/live/ws"',
    "",
  );
  page.window.liveops.apply(bare.replace("Running", "Swapped"));
  const { liveopToken, liveopSocket, liveopCursor } = page.container().dataset;
  assert.equal(page.region("status").textContent, "Swapped");
  assert.equal(liveopToken, `token-of-liveop.${ONE}`);
  assert.equal(liveopSocket, "/live/ws");
  assert.equal(liveopCursor, "1.0a:5");
});

test("a container of another operation takes neither token nor cursor of the previous one", async () => {
  const page = await openPage();
  page.window.liveops.apply(container({ id: TWO, token: null, cursor: null, replaces: ONE }));
  const { liveopToken, liveopCursor, liveopEvents } = page.container(TWO).dataset;
  assert.equal(liveopToken, undefined);
  assert.equal(liveopCursor, undefined);
  assert.equal(liveopEvents, `/live/demo.task/${TWO}/events`);
});

function countdown(moment) {
  return replacement("controls", `<time datetime="${moment}" data-liveop-countdown>later</time>`);
}

test("a future time is counted down", async () => {
  const page = await openPage();
  const shown = () => page.region("controls").textContent;
  page.window.liveops.apply(countdown(new Date(Date.UTC(2030, 0, 1) + 90_500).toISOString()));
  await page.settle();
  assert.equal(shown(), "1 min 31 s");
  await page.pass(31_000);
  assert.equal(shown(), "1 min 0 s");
  await page.pass(120_000);
  assert.equal(shown(), "0 s");
});

test("the time that is left is written in the language of the page", async () => {
  const labels = '{"minutes":"{minutes} Min. {seconds} Sek.","seconds":"noch {seconds}"}';
  const page = await openPage(container({ labels }));
  const shown = () => page.region("controls").textContent;
  page.window.liveops.apply(countdown(new Date(Date.UTC(2030, 0, 1) + 90_500).toISOString()));
  await page.settle();
  assert.equal(shown(), "1 Min. 31 Sek.");
  await page.pass(60_000);
  assert.equal(shown(), "noch 31");
});

test("a countdown without a valid time keeps its text", async () => {
  const page = await openPage();
  page.window.liveops.apply(countdown("soon"));
  await page.pass(5_000);
  assert.equal(page.region("controls").textContent, "later");
});

test("an addition may be text, or have text beside its elements", async () => {
  const page = await openPage();
  page.window.liveops.apply(addition("preview", "a <b>b</b> c"));
  page.window.liveops.apply(addition("preview", ", d"));
  assert.equal(page.region("preview").innerHTML, "a <b>b</b> c, d");
});

test("a region keeps its newest thousand additions, and what they were added to", async () => {
  const page = await openPage();
  page.window.liveops.apply(replacement("preview", "<h3>Rows</h3>"));
  for (let row = 1; row <= 1_500; row += 1) {
    page.window.liveops.apply(addition("preview", `<p>${row}</p>.`));
  }
  const region = page.region("preview");
  assert.equal(region.childNodes.length, 1 + 2 * 1_000);
  assert.equal(region.firstChild.textContent, "Rows");
  assert.equal(region.children[1].textContent, "501");
  assert.equal(region.lastElementChild.textContent, "1500");
});
