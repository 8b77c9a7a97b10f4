import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  closePages,
  container,
  html,
  openPage,
  refusal,
  replacement,
  silence,
} from "./support/page.js";

afterEach(closePages);

const RETRY = "/live/demo.task/1/retry";

/** Opens a page, presses Retry and answers the request with `answer`. */
async function refused(answer) {
  const page = await openPage(container({ state: "FINISHED_ERROR" }));
  const form = `<form method="post" action="${RETRY}" data-liveop-action><button>Retry</button></form>`;
  page.region("controls").innerHTML = form;
  page.answers[RETRY] = () => answer;
  const errors = page.listen("liveop:error");
  page.find("form button").click();
  await page.settle();
  return { page, errors, shown: page.find("[data-liveop-refusal]") };
}

function refusalWith(status, error) {
  return { ...refusal(status), json: async () => ({ error }) };
}

test("a refusal shows the message of the server", async () => {
  const message = "The operation has not ended yet.";
  const { page, errors, shown } = await refused(refusalWith(409, { code: "not_ended", message }));
  assert.equal(shown.textContent, message);
  assert.equal(shown.querySelector("a"), null);
  assert.deepEqual({ ...errors[0].detail }, { status: 409, message });
  const [request] = page.requestsTo(RETRY);
  assert.equal(request.headers.Accept, "application/json");
  assert.equal(request.headers["HX-Request"], "true");
});

test("a refusal about another operation links to that operation", async () => {
  const error = { code: "duplicate", message: "The <b>same</b>", url: "/live/demo.task/2/" };
  const { shown } = await refused(refusalWith(409, error));
  const link = shown.querySelector("a");
  assert.equal(link.getAttribute("href"), "/live/demo.task/2/");
  assert.equal(link.textContent, "The <b>same</b>");
});

test("a refusal without a message shows a text of the page", async () => {
  const { shown } = await refused(refusal(502));
  assert.equal(shown.textContent, "The action failed. Please try again.");
});

function action(name) {
  return `<form method="post" action="/live/demo.task/1/${name}" data-liveop-action><button>${name}</button></form>`;
}

async function press(page, detail = 1) {
  const click = new page.window.MouseEvent("click", { detail, bubbles: true, cancelable: true });
  page.find("form button").dispatchEvent(click);
  await page.settle();
}

for (const [first, second] of [
  ["cancel", "retry"],
  ["retry", "cancel"],
]) {
  test(`a double click on ${first} does not trigger ${second} at the same position`, async () => {
    const page = await openPage();
    const [one, two] = [`/live/demo.task/1/${first}`, `/live/demo.task/1/${second}`];
    page.answers[one] = page.answers[two] = () => html("");
    page.window.liveops.apply(replacement("controls", action(first)));
    await press(page);
    page.window.liveops.apply(replacement("controls", action(second)));
    await press(page, 2);
    assert.deepEqual([page.requestsTo(one).length, page.requestsTo(two).length], [1, 0]);
    assert.equal(page.navigations, 0);
    await press(page);
    assert.equal(page.requestsTo(two).length, 1);
  });
}

test("a request without an answer times out and can be repeated", async () => {
  const page = await openPage();
  page.answers["/live/demo.task/1/cancel"] = silence;
  page.window.liveops.apply(replacement("controls", action("cancel")));
  await press(page);
  await page.pass(31_000);
  assert.equal(
    page.find("[data-liveop-refusal]").textContent,
    "The server could not be reached. Please try again.",
  );
  await press(page);
  assert.equal(page.requestsTo("/live/demo.task/1/cancel").length, 2);
});

test("a request with files has no time limit", async () => {
  const page = await openPage();
  page.answers["/live/demo.task/1/amend"] = silence;
  const form = action("amend").replace("<form", '<form enctype="multipart/form-data"');
  page.window.liveops.apply(replacement("preview", form));
  await press(page);
  await page.pass(600_000);
  assert.equal(page.find("[data-liveop-refusal]"), null);
});

test("a refusal stays until it is dismissed, whatever the operation reports", async () => {
  const { page } = await refused(refusal(502));
  for (let beat = 1; beat <= 3; beat += 1) page.window.liveops.apply(replacement("status", `${beat}`));
  const notice = page.find("[role=alert]");
  assert.equal(notice.textContent, "The action failed. Please try again.");
  assert.equal(notice.previousElementSibling.className, "op-head");
  notice.querySelector("button[aria-label=Dismiss]").click();
  assert.equal(page.find("[role=alert]"), null);
});

test("an action that succeeds removes the refusal of the one before", async () => {
  const { page } = await refused(refusal(502));
  page.answers[RETRY] = () => html("");
  page.find("form button").click();
  await page.settle();
  assert.equal(page.find("[role=alert]"), null);
});

test("an action that leads to a sign-in page says that the viewer is signed out", async () => {
  const page = { ok: true, status: 200, redirected: true, text: async () => "<form>Sign in</form>" };
  for (const answer of [page, refusal(401)]) {
    const { errors, shown } = await refused(answer);
    assert.equal(shown.querySelector("a").textContent, "You are signed out. Sign in again.");
    assert.equal(errors[0].detail.status, 401);
  }
});
