import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { closePages, container, openPage, refusal } from "./support/page.js";

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
