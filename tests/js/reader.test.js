import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { closePages, container, openPage, replacement } from "./support/page.js";

afterEach(closePages);

const FORM =
  '<form><input name="answer" value=""><textarea name="note"></textarea><button>Send</button></form>';

/** Opens a page with a form in a custom region. */
async function asking(content = FORM) {
  const page = await openPage();
  page.window.liveops.apply(replacement("question", content));
  return page;
}

function ask(page, content) {
  page.window.liveops.apply(replacement("question", content));
}

function type(page, field, text) {
  field.value = text;
  field.dispatchEvent(new page.window.Event("input", { bubbles: true }));
}

test("focus, text and caret survive a swap", async () => {
  const page = await asking();
  const before = page.find("[name=answer]");
  before.focus();
  type(page, before, "forty-two");
  before.setSelectionRange(2, 5, "backward");
  ask(page, `<p>Again:</p>${FORM}`);
  const after = page.find("[name=answer]");
  assert.equal(after, before);
  assert.equal(page.document.activeElement, after);
  assert.equal(after.value, "forty-two");
  assert.deepEqual(
    [after.selectionStart, after.selectionEnd, after.selectionDirection],
    [2, 5, "backward"],
  );
});

test("an unedited field takes the server's value", async () => {
  const page = await asking();
  ask(page, FORM.replace('value=""', 'value="suggested"'));
  assert.equal(page.find("[name=answer]").value, "suggested");
});

for (const form of [FORM, FORM.replace("<form", '<form action="/answer" data-liveop-action')]) {
  test("the edits of a submitted form are forgotten", async () => {
    const page = await asking(form);
    type(page, page.find("[name=answer]"), "forty-two");
    const submit = new page.window.Event("submit", { bubbles: true, cancelable: true });
    page.find("form").dispatchEvent(submit);
    ask(page, `<p>Next:</p>${form}`);
    assert.equal(page.find("[name=answer]").value, "");
  });
}

test("the focus moves to the container if the focused element is removed", async () => {
  const page = await asking();
  page.find("button").focus();
  ask(page, "<p>Thank you</p>");
  assert.equal(page.document.activeElement, page.container());
});

test("the focus never moves to a button with another action", async () => {
  const button = (action, label) =>
    `<form action="/live/test.steps/1/${action}"><button>${label}</button></form>`;
  const page = await asking(button("cancel", "Cancel"));
  page.find("[action$=cancel] button").focus();
  ask(page, button("cancel", "Cancelling…"));
  assert.equal(page.document.activeElement, page.find("[action$=cancel] button"));
  ask(page, button("retry", "Retry"));
  assert.equal(page.document.activeElement, page.find(".liveop"));
});

test("the focus moves to the container if the focused element is disabled", async () => {
  const page = await asking("<button>Send</button>");
  page.region("question").querySelector("button").focus();
  ask(page, "<button disabled>Sending</button>");
  assert.equal(page.document.activeElement, page.find(".liveop"));
});

test("a focus outside the region does not move", async () => {
  const page = await openPage(`<input id="other">${container()}`);
  page.find("#other").focus();
  page.window.liveops.apply(replacement("status", "moved"));
  assert.equal(page.document.activeElement.id, "other");
});

test("the scroll position of a box survives a swap, in both directions", async () => {
  const page = await asking('<div class="tall">long</div><div class="wide">long</div>');
  page.find(".tall").scrollTop = 70;
  page.find(".wide").scrollLeft = 30;
  ask(page, '<div class="tall">longer</div><div class="wide">longer</div>');
  assert.deepEqual([page.find(".tall").scrollTop, page.find(".tall").scrollLeft], [70, 0]);
  assert.deepEqual([page.find(".wide").scrollTop, page.find(".wide").scrollLeft], [0, 30]);
});

test("the scroll position of a region survives a swap", async () => {
  const page = await asking("long");
  page.region("question").scrollTop = 70;
  ask(page, "longer");
  assert.equal(page.region("question").scrollTop, 70);
});

test("selected text stays selected while the text around it changes", async () => {
  const page = await asking("<p>Code <b>A-17</b>, 3 s left</p>");
  const text = page.find("b").firstChild;
  page.document.getSelection().setBaseAndExtent(text, 0, text, 4);
  ask(page, "<p>Code <b>A-17</b>, 2 s left</p>");
  assert.equal(page.document.getSelection().toString(), "A-17");
  assert.ok(page.region("question").contains(page.document.getSelection().anchorNode));
});

test("a changed selection is cleared", async () => {
  const page = await asking("<p>Code <b>A-17</b></p>");
  const text = page.find("b").firstChild;
  page.document.getSelection().setBaseAndExtent(text, 0, text, 4);
  ask(page, "<p>No code for you</p>");
  assert.equal(page.document.getSelection().toString(), "");
});

test("a selection elsewhere on the page is not touched", async () => {
  const page = await openPage(`<p id="other">text</p>${container()}`);
  const text = page.find("#other").firstChild;
  page.document.getSelection().setBaseAndExtent(text, 0, text, 4);
  page.window.liveops.apply(replacement("status", "moved"));
  assert.equal(page.document.getSelection().toString(), "text");
  assert.equal(page.document.getSelection().anchorNode, text);
});
