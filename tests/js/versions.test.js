import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { channel, closePages, container, openPage } from "./support/page.js";

afterEach(closePages);

const MINUTE = 60_000;

/** Opens a page whose server speaks the version `wire`. */
async function outdatedPage(wire) {
  const page = await openPage(container());
  page.roll(0);
  page.socket.accept();
  page.socket.deliver({
    type: "subscribed",
    channel: channel(),
    cursor: "1.0a:5",
    catch_up: "up_to_date",
    wire,
  });
  await page.settle();
  return page;
}

test("a page loads itself again when the server speaks a newer version", async () => {
  const page = await outdatedPage(2);
  assert.equal(page.navigations, 1);
  assert.equal(page.document.documentElement.dataset.liveopOutdated, "");
});

test("a page stays when the server speaks the same version, an older one or none", async () => {
  for (const wire of [1, 0, undefined, "2x", null]) {
    const page = await outdatedPage(wire);
    await page.pass(10 * MINUTE);
    assert.equal(page.navigations, 0, String(wire));
    assert.equal(page.document.documentElement.dataset.liveopOutdated, undefined);
  }
});

test("pages do not all load themselves at the same time", async () => {
  const page = await openPage(container());
  page.roll(0.5);
  page.socket.accept();
  page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  await page.pass(2_400);
  assert.equal(page.navigations, 0);
  await page.pass(200);
  assert.equal(page.navigations, 1);
});

test("a page waits a minute before it loads itself once more", async () => {
  const page = await outdatedPage(2);
  assert.equal(page.navigations, 1);
  // In a browser, this is the next page; its storage is the same.
  const next = await openPage(container());
  const storage = page.window.sessionStorage.getItem("liveops-reloaded-at");
  next.window.sessionStorage.setItem("liveops-reloaded-at", storage);
  next.roll(0);
  next.socket.accept();
  next.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  await next.pass(MINUTE - 1_000);
  assert.equal(next.navigations, 0);
  await next.pass(2_000);
  assert.equal(next.navigations, 1);
});

/** Changes a field as a user does. */
function input(field, change) {
  change();
  field.dispatchEvent(new field.ownerDocument.defaultView.Event("input", { bubbles: true }));
}

const CHANGES = {
  "a text that was typed": {
    body: "<input id=field value=old>",
    change: (field) => (field.value = "new"),
    undo: (field) => (field.value = "old"),
  },
  "a longer text": {
    body: "<textarea id=field>old</textarea>",
    change: (field) => (field.value = "new"),
    undo: (field) => (field.value = "old"),
  },
  "a ticked box": {
    body: "<input type=checkbox id=field>",
    change: (field) => (field.checked = true),
    undo: (field) => (field.checked = false),
  },
  "a chosen radio button": {
    body: "<input type=radio id=field>",
    change: (field) => (field.checked = true),
    undo: (field) => (field.checked = false),
  },
  "a chosen option": {
    body: "<form><select id=field><option>one<option>two</select></form>",
    change: (field) => input(field, () => (field.value = "two")),
    undo: (field) => field.remove(),
  },
  "an edited part of the page": {
    body: "<div contenteditable id=field>old</div>",
    change: (field) => {
      // jsdom does not have the property.
      field.isContentEditable = true;
      input(field, () => (field.textContent = "new"));
    },
    undo: (field) => field.remove(),
  },
  "a chosen file": {
    body: "<input type=file id=field>",
    change: (field) => Object.defineProperty(field, "files", { value: [{}], configurable: true }),
    undo: (field) => Object.defineProperty(field, "files", { value: [] }),
  },
  "an open dialog": {
    body: "<dialog id=field></dialog>",
    change: (field) => field.setAttribute("open", ""),
    undo: (field) => field.removeAttribute("open"),
  },
  "a request of htmx": {
    body: "<div id=field></div>",
    change: (field) => field.classList.add("htmx-request"),
    undo: (field) => field.classList.remove("htmx-request"),
  },
};

for (const [name, { body, change, undo }] of Object.entries(CHANGES)) {
  test(`${name} keeps the page until it is gone`, async () => {
    const page = await openPage(container() + body);
    page.roll(0);
    change(page.find("#field"));
    page.socket.accept();
    page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
    await page.pass(10 * MINUTE);
    assert.equal(page.navigations, 0);
    undo(page.find("#field"));
    await page.pass(2_000);
    assert.equal(page.navigations, 1);
  });
}

test("a form that is being sent keeps the page until its answer", async () => {
  const form = `<form data-liveop-action method=post action="/live/demo.task/x/cancel">
    <button id=send>Cancel</button></form>`;
  const page = await openPage(container() + form);
  page.roll(0);
  let answer;
  page.answers["/live/demo.task/x/cancel"] = () => new Promise((resolve) => (answer = resolve));
  page.find("#send").click();
  await page.settle();
  page.socket.accept();
  page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  // Shorter than the timeout of a request.
  await page.pass(20_000);
  assert.equal(page.navigations, 0);
  answer({ ok: true, redirected: false, status: 204, text: async () => "" });
  await page.pass(2_000);
  assert.equal(page.navigations, 1);
});

test("a plain form that leaves the page is not interrupted", async () => {
  const page = await openPage(`${container()}<form id=plain action="/elsewhere"></form>`);
  page.roll(0);
  // jsdom sends no forms, so only the event of the browser.
  const submit = new page.window.Event("submit", { bubbles: true, cancelable: true });
  page.find("#plain").dispatchEvent(submit);
  page.socket.accept();
  page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  await page.pass(10 * MINUTE);
  assert.equal(page.navigations, 0);
});

test("a form that stays on the page does not keep the page", async () => {
  const forms = `<form id=dialog method=dialog></form><form id=tab target=_blank></form>
    <form id=plain><button formmethod=dialog id=close>Close</button></form>`;
  const page = await openPage(container() + forms);
  page.roll(0);
  const { SubmitEvent } = page.window;
  const submit = (selector, submitter) =>
    page.find(selector).dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter }));
  submit("#dialog");
  submit("#tab");
  submit("#plain", page.find("#close"));
  page.socket.accept();
  page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  await page.settle();
  assert.equal(page.navigations, 1);
});

const DENIED = () => {
  throw new Error("denied");
};

for (const [name, storage] of [
  ["cannot be read", { getItem: DENIED, setItem: () => {} }],
  ["cannot be written", { getItem: () => null, setItem: DENIED }],
]) {
  test(`a page whose storage ${name} does not load itself again and again`, async () => {
    const page = await openPage(container());
    page.roll(0);
    Object.defineProperty(page.window, "sessionStorage", { value: storage });
    page.socket.accept();
    page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
    await page.pass(10 * MINUTE);
    assert.equal(page.navigations, 0);
  });
}

test("the application can postpone the reload", async () => {
  const page = await openPage(container());
  page.roll(0);
  let mayReload = false;
  const details = [];
  page.document.addEventListener("liveop:outdated", (event) => {
    details.push(event.detail.wire);
    if (!mayReload) event.preventDefault();
  });
  page.socket.accept();
  page.socket.deliver({ type: "subscribed", channel: channel(), catch_up: "reset", wire: 2 });
  await page.pass(5_000);
  assert.equal(page.navigations, 0);
  assert.equal(details[0], 2);
  mayReload = true;
  await page.pass(2_000);
  assert.equal(page.navigations, 1);
});
