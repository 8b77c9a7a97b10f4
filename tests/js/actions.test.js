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

const RESTART = "/live/demo.task/1/restart";

/** A page whose Retry is answered like this, after it was pressed. */
async function refused(answer) {
  const page = await openPage(container({ state: "FINISHED_ERROR" }));
  const form = `<form method="post" action="${RESTART}" data-liveop-action><button>Retry</button></form>`;
  page.region("controls").innerHTML = form;
  page.answers[RESTART] = () => answer;
  const errors = page.listen("liveop:error");
  page.find("form button").click();
  await page.settle();
  return { page, errors, shown: page.find("[data-liveop-refusal]") };
}

function says(status, error) {
  return { ...refusal(status), json: async () => ({ error }) };
}

test("a refusal is shown in the words of the server, which is asked for them", async () => {
  const message = "It has not ended yet.";
  const { page, errors, shown } = await refused(says(409, { code: "not_ended", message }));
  assert.equal(shown.textContent, message);
  assert.equal(shown.querySelector("a"), null);
  assert.deepEqual({ ...errors[0].detail }, { status: 409, message });
  const [request] = page.requestsTo(RESTART);
  assert.equal(request.headers.Accept, "application/json");
  assert.equal(request.headers["HX-Request"], "true");
});

test("a refusal that is about another operation leads to it", async () => {
  const error = { code: "duplicate", message: "The <b>same</b>", url: "/live/demo.task/2/" };
  const { shown } = await refused(says(409, error));
  const link = shown.querySelector("a");
  assert.equal(link.getAttribute("href"), "/live/demo.task/2/");
  assert.equal(link.textContent, "The <b>same</b>");
});

test("a refusal without words is one in the page's own", async () => {
  const { shown } = await refused(refusal(502));
  assert.equal(shown.textContent, "This did not work. Please try again.");
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
  ["cancel", "restart"],
  ["restart", "cancel"],
]) {
  test(`whoever clicks ${first} twice does not mean ${second}, which has taken its place`, async () => {
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

test("a request that is never answered is given up, and can be made again", async () => {
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

test("files may take longer than that", async () => {
  const page = await openPage();
  page.answers["/live/demo.task/1/amend"] = silence;
  const form = action("amend").replace("<form", '<form enctype="multipart/form-data"');
  page.window.liveops.apply(replacement("preview", form));
  await press(page);
  await page.pass(600_000);
  assert.equal(page.find("[data-liveop-refusal]"), null);
});
