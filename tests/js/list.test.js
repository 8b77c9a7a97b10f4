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
  page.socket.deliver({ type: "chat_message", channel: CHANNEL, liveop_list_changed: true });
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

test("a burst of changes fetches a list at most once a second, and always after the last change", async () => {
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

test("a sign-in page is not shown as a list", async () => {
  const page = await openList();
  page.answers["/live/"] = () => ({ ...html("<form>Sign in</form>"), redirected: true });
  change(page);
  await page.pass(2_000);
  assert.equal(page.find("#liveops-list").textContent, "Running");
});

test("rows update without a fetch, and unknown rows are ignored", async () => {
  const page = await openPage(container() + list(row(ONE, "Running") + row(TWO, "Running")));
  page.socket.accept();
  const before = page.container().innerHTML;
  const fragments = [ONE, THREE].map((id) =>
    row(id, "<b>50 %</b>").replace(">", ' hx-swap-oob="true">'),
  );
  page.socket.frame(CHANNEL, undefined, { liveop_html: fragments.join("") });
  assert.equal(page.find("#liveops-list").textContent, "50 %Running");
  assert.equal(page.container().innerHTML, before);
  assert.equal(page.requestsTo("/live/").length, 0);
  assert.equal(page.find("#liveops-list").dataset.liveopCursor, undefined);
  await page.pass(1_000);
  assert.deepEqual(page.socket.sentOf("ack"), [], "there is nothing to acknowledge");
});

function rows(...ids) {
  const cells = ids.map(
    (id) => `<tr><td><input type="checkbox" name="id" value="${id}" data-liveop-tick></td></tr>`,
  );
  return `<table><thead><tr><th><input id="liveops-tick-all" type="checkbox" data-liveop-tick-all></th>
    </tr></thead><tbody>${cells.join("")}</tbody></table>`;
}

async function openStaffList(...ids) {
  const form = `<form action="/live/bulk" data-liveop-action><button name="action" value="cancel"></button>
    <div id="liveops-bulk-outcome" class="liveops-outcome"></div>${list(rows(...ids))}</form>`;
  const page = await openPage(form);
  page.answers["/live/"] = () => html(list(rows(...ids)));
  page.socket.accept();
  page.socket.subscribed(CHANNEL, undefined, "reset");
  await page.pass(2_000);
  return page;
}

function box(page, id) {
  return page.find(`[data-liveop-tick][value="${id}"]`);
}

/** Returns the ticked rows and the state of the box for all rows. */
function ticks(page) {
  const all = page.find("#liveops-tick-all");
  const ticked = [...page.document.querySelectorAll("[data-liveop-tick]:checked")];
  return [ticked.map(({ value }) => value), all.indeterminate ? "some" : all.checked];
}

test("a ticked row stays ticked at its new position, and no other row becomes ticked", async () => {
  const page = await openStaffList(ONE, TWO);
  box(page, TWO).click();
  box(page, TWO).focus();
  assert.deepEqual(ticks(page), [[TWO], "some"]);
  page.answers["/live/"] = () => html(list(rows(THREE, ONE, TWO)));
  change(page);
  await page.pass(2_000);
  assert.equal(page.document.querySelectorAll("[data-liveop-tick]").length, 3);
  assert.deepEqual(ticks(page), [[TWO], "some"]);
  assert.equal(page.document.activeElement, box(page, TWO));
  page.answers["/live/"] = () => html(list(rows(THREE, ONE)));
  change(page);
  await page.pass(2_000);
  assert.deepEqual(ticks(page), [[], false]);
  assert.equal(page.document.activeElement, page.find("#liveops-list"));
});

test("the box for all rows ticks the present rows and none that are added later", async () => {
  const page = await openStaffList(ONE, TWO);
  page.find("#liveops-tick-all").click();
  assert.deepEqual(ticks(page), [[ONE, TWO], true]);
  page.answers["/live/"] = () => html(list(rows(THREE, ONE, TWO)));
  change(page);
  await page.pass(2_000);
  assert.deepEqual(ticks(page), [[ONE, TWO], "some"]);
  page.find("#liveops-tick-all").click();
  assert.deepEqual(ticks(page), [[THREE, ONE, TWO], true]);
  page.find("#liveops-tick-all").click();
  assert.deepEqual(ticks(page), [[], false]);
});

test("the outcome of an action is shown, and its rows are unticked", async () => {
  const page = await openStaffList(ONE, TWO);
  const outcome = '<div id="liveops-bulk-outcome" hx-swap-oob="true" class="liveops-outcome">Done</div>';
  page.answers["/live/bulk"] = () => html(outcome);
  box(page, ONE).click();
  page.find("[value=cancel]").click();
  await page.settle();
  const [request] = page.requestsTo("/live/bulk");
  assert.equal(request.body.toString(), `action=cancel&id=${ONE}`);
  assert.equal(page.find(".liveops-outcome").textContent, "Done");
  change(page);
  await page.pass(2_000);
  assert.deepEqual(ticks(page), [[], false]);
});

test("a refusal is shown in place of the outcome", async () => {
  const page = await openStaffList(ONE);
  const error = { code: "invalid_input", message: "No operations selected." };
  page.answers["/live/bulk"] = () => ({ ...refusal(422), json: async () => ({ error }) });
  page.find("[value=cancel]").click();
  await page.settle();
  assert.equal(page.find(".liveops-outcome").textContent, "No operations selected.");
});

test("the details of an operation are fetched when its state changes, and not before they open", async () => {
  const details = `<div id="details" data-liveop-list="/live/demo.task/${ONE}/details"
    data-liveop-channel="liveop.${ONE}">waiting</div>`;
  const page = await openPage(`${container({ state: "NOT_STARTED" })}<details id="more">${details}</details>`);
  page.socket.accept();
  page.socket.subscribed(`liveop.${ONE}`, "1.0a:5", "up_to_date");
  const path = `/live/demo.task/${ONE}/details`;
  page.answers[path] = () => html("took 2 s");
  await page.pass(10_000);
  assert.equal(page.requestsTo(path).length, 0);
  page.socket.frame(`liveop.${ONE}`, "1.0a:6", {
    liveop_finished: { pk: ONE, state: "FINISHED_OK", url: "/live/", success_url: null },
  });
  await page.pass(10_000);
  assert.equal(page.requestsTo(path).length, 0);
  page.find("#more").open = true;
  page.find("#more").dispatchEvent(new page.window.Event("toggle"));
  await page.settle();
  assert.equal(page.requestsTo(path).length, 1);
  assert.equal(page.find("#details").textContent, "took 2 s");
});

test("a list in closed details is fetched when the details open", async () => {
  const page = await openPage(`<details>${list("old")}</details>`);
  page.answers["/live/"] = () => html(list("new"));
  page.socket.accept();
  page.socket.subscribed(CHANNEL, undefined, "reset");
  await page.pass(10_000);
  assert.equal(page.requestsTo("/live/").length, 0);
  page.find("details").open = true;
  // jsdom dispatches the event itself, but later.
  await page.pass(2_000);
  page.find("details").dispatchEvent(new page.window.Event("toggle"));
  await page.settle();
  assert.equal(page.find("#liveops-list").textContent, "new");
});

function point(target, what) {
  target.dispatchEvent(new target.ownerDocument.defaultView.Event(what, { bubbles: true }));
}

for (const when of ["before", "while"]) {
  test(`a row that is pressed ${when} its list is fetched receives the click`, async () => {
    const page = await openList();
    page.answers["/live/"] = () => html(list("new"));
    const pressed = page.find("#liveops-list").firstElementChild;
    if (when === "before") point(pressed, "pointerdown");
    change(page);
    if (when === "while") point(pressed, "pointerdown");
    await page.pass(1_000);
    point(pressed, "pointerup");
    await page.settle();
    assert.ok(pressed.isConnected);
    await page.pass(2_000);
    assert.equal(page.find("#liveops-list").textContent, "new");
  });
}

test("a press without a reported end does not stop a list", async () => {
  const page = await openList();
  page.answers["/live/"] = () => html(list("new"));
  point(page.document.body, "pointerdown");
  change(page);
  await page.pass(1_000);
  assert.equal(page.find("#liveops-list").textContent, "Running");
  await page.pass(10_000);
  assert.equal(page.find("#liveops-list").textContent, "new");
});

test("a row stays where it is while the space bar is down on its box", async () => {
  const page = await openStaffList(ONE, TWO);
  const pressed = box(page, TWO);
  const key = (what) =>
    pressed.dispatchEvent(new page.window.KeyboardEvent(what, { key: " ", bubbles: true }));
  key("keydown");
  page.answers["/live/"] = () => html(list(rows(THREE, ONE, TWO)));
  change(page);
  await page.pass(1_000);
  assert.ok(pressed.isConnected);
  key("keyup");
  await page.pass(2_000);
  assert.equal(page.document.querySelectorAll("[data-liveop-tick]").length, 3);
});

function links(...ids) {
  const rows = ids.map((id) => `<li><a href="/live/demo.task/${id}/">An operation</a></li>`);
  return `<ul>${rows.join("")}</ul><a rel="next" href="?before=${ids.at(-1)}">Older</a>`;
}

test("the focus stays with an operation when its row moves", async () => {
  const page = await openList(links(ONE, TWO));
  page.answers["/live/"] = () => html(list(links(ONE, TWO)));
  change(page);
  await page.pass(2_000);
  const link = (id) => page.find(`[href="/live/demo.task/${id}/"]`);
  link(TWO).focus();
  page.answers["/live/"] = () => html(list(links(THREE, ONE, TWO)));
  change(page);
  await page.pass(2_000);
  assert.equal(page.document.activeElement, link(TWO));
  page.answers["/live/"] = () => html(list(links(THREE, ONE)));
  change(page);
  await page.pass(2_000);
  assert.equal(page.document.activeElement, page.find("#liveops-list"));
  page.find("[rel=next]").focus();
  page.answers["/live/"] = () => html(list(links(THREE)));
  change(page);
  await page.pass(2_000);
  assert.equal(page.document.activeElement, page.find("[rel=next]"));
});

test("an unchanged list is not replaced", async () => {
  const page = await openList();
  const content = '<time datetime="2030-01-01T00:00:00Z">2030-01-01 00:00</time><p>Running</p>';
  page.answers["/live/"] = () => html(list(content));
  change(page);
  await page.pass(2_000);
  const shown = page.find("#liveops-list p");
  change(page);
  await page.pass(2_000);
  assert.equal(page.find("#liveops-list p"), shown);
  page.answers["/live/"] = () => html(list(content.replace("Running", "Finished")));
  change(page);
  await page.pass(2_000);
  assert.equal(page.find("#liveops-list p").textContent, "Finished");
});

test("rows stay ticked after a failed request", async () => {
  const page = await openStaffList(ONE, TWO);
  page.answers["/live/bulk"] = () => refusal(502);
  box(page, TWO).click();
  page.find("[value=cancel]").click();
  await page.settle();
  change(page);
  page.answers["/live/"] = () => html(list(rows(THREE, ONE, TWO)));
  await page.pass(2_000);
  assert.deepEqual(ticks(page), [[TWO], "some"]);
});
