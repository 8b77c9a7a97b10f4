// The change of an element into another one. Elements that stay keep what belongs to the reader:
// the focus, edits, the selection, scroll positions, presses, and what was opened.
import { editedFields, focusContainer } from "./fields.js";

/** Changes `element` into `next`, which is used up. */
export function morph(element, next) {
  keepFocus(element, () => morphElement(element, next));
}

/** Changes the content of `element` into the content of `next`, which is used up. */
export function morphContent(element, next) {
  keepFocus(element, () => morphChildren(element, next));
}

/** A removed element loses the focus. A disabled one does not take it. */
function keepFocus(root, change) {
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  change();
  if (focused && (!root.contains(focused) || focused.disabled)) focusContainer(root);
}

function morphNode(node, next) {
  if (node.nodeType === Node.ELEMENT_NODE) morphElement(node, next);
  else if (node.data !== next.data) changeText(node, next.data);
}

function morphElement(element, next) {
  // The content of a field is no part of the comparison.
  if (element.isEqualNode(next) && !element.matches(FIELDS) && !element.querySelector(FIELDS)) return;
  const { value } = element;
  const isUsed = editedFields.has(element) || element === document.activeElement;
  copyAttributes(next, element);
  morphChildren(element, next);
  if (!element.matches(FIELDS) || element.type === "file") return;
  const isBox = element.type === "checkbox" || element.type === "radio";
  if (isUsed) {
    if (!isBox && element.value !== value) element.value = value;
  } else if (isBox) {
    element.checked = next.checked;
  } else if (element.value !== next.value) {
    element.value = next.value;
  }
}

const FIELDS = "input, select, textarea";

function copyAttributes(from, to) {
  for (const { name } of [...to.attributes]) {
    if (!from.hasAttribute(name) && !belongsToReader(to, name)) to.removeAttribute(name);
  }
  for (const { name, value } of from.attributes) {
    if (to.getAttribute(name) !== value && !belongsToReader(to, name)) to.setAttribute(name, value);
  }
}

function belongsToReader(element, name) {
  if (name === "open") return element.matches("details, dialog");
  // A form waits for the answer to its request.
  const isBusy = name === "aria-busy" || name === "aria-disabled";
  return isBusy && element.closest("form[aria-busy]") !== null;
}

/** Changes only what differs, so that the rest stays selected. */
function changeText(node, text) {
  const { data } = node;
  const selected = selectedIn(node);
  const shorter = Math.min(data.length, text.length);
  let start = 0;
  while (start < shorter && data[start] === text[start]) start += 1;
  let end = 0;
  while (end < shorter - start && data.at(-1 - end) === text.at(-1 - end)) end += 1;
  node.replaceData(start, data.length - start - end, text.slice(start, text.length - end));
  if (selected) select(node, selected);
}

/** Returns the selected part of a text, if nothing else is selected. */
function selectedIn(node) {
  const { anchorNode, anchorOffset, focusNode, focusOffset } = document.getSelection();
  if (anchorNode !== node || focusNode !== node || anchorOffset === focusOffset) return null;
  const [start, end] = [anchorOffset, focusOffset].sort((one, other) => one - other);
  return { start, words: node.data.slice(start, end), isBackward: anchorOffset > focusOffset };
}

/** Selects words again where they are now. Other words were not selected. */
function select(node, { start, words, isBackward }) {
  const selection = document.getSelection();
  const first = node.data.indexOf(words, Math.max(0, start - words.length));
  const at = first < 0 ? node.data.indexOf(words) : first;
  if (at < 0) return selection.removeAllRanges();
  const points = [at, at + words.length];
  if (isBackward) points.reverse();
  selection.setBaseAndExtent(node, points[0], node, points[1]);
}

function morphChildren(element, next) {
  const wanted = [...next.childNodes];
  const matches = matchNodes([...element.childNodes], wanted);
  const kept = new Set(matches.values());
  for (const node of [...element.childNodes]) if (!kept.has(node)) node.remove();
  let place = element.firstChild;
  for (const node of wanted) {
    const match = matches.get(node);
    if (!match) {
      element.insertBefore(node, place);
      continue;
    }
    // A node that is moved would lose the focus.
    if (match.contains(document.activeElement)) while (place !== match) place = postpone(place);
    if (match === place) place = match.nextSibling;
    else element.insertBefore(match, place);
    morphNode(match, node);
  }
}

/** Moves a node that is wanted later to the end, and returns the node after it. */
function postpone(node) {
  const next = node.nextSibling;
  node.parentNode.append(node);
  return next;
}

/**
 * Finds the node of the page for each wanted one: first the same thing at any position, then the
 * same kind of element with another content.
 */
function matchNodes(nodes, wanted) {
  const matches = new Map();
  const taken = new Set();
  for (const nameOf of [identity, kind]) {
    const free = new Map();
    for (const node of nodes) {
      const name = taken.has(node) ? null : nameOf(node);
      if (name) free.set(name, [...(free.get(name) ?? []), node]);
    }
    for (const node of wanted) {
      const match = matches.has(node) ? null : free.get(nameOf(node))?.shift();
      if (!match) continue;
      matches.set(node, match);
      taken.add(match);
    }
  }
  return matches;
}

/**
 * Names the thing that a node is or contains. A button with another action is another button: a
 * second press must not trigger the other action.
 */
function identity(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const thing = node.matches(THINGS) ? node : node.querySelector(THINGS);
  const isBox = thing?.matches("[type=checkbox], [type=radio]");
  const names = isBox ? [...NAMES.input, "value"] : (NAMES[thing?.localName] ?? []);
  return [node.localName, node.id, thing?.id, ...names.map((name) => thing.getAttribute(name))].join(" ");
}

const THINGS = "[id], form, a[href], button, input, select, textarea";
const NAMES = {
  form: ["action"],
  a: ["rel", "href"],
  button: ["name", "value"],
  input: ["type", "name"],
  select: ["name"],
  textarea: ["name"],
};

/** Names the kind of a node that may become another one of its kind. */
function kind(node) {
  return node.id || ["FORM", "BUTTON", "INPUT"].includes(node.nodeName) ? null : node.nodeName;
}
