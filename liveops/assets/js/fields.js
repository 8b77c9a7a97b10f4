// The fields that the reader has edited, and the focus.

export const TICKS = "[data-liveop-tick], [data-liveop-tick-all]";

export const editedFields = new WeakSet();

/**
 * Forgets the edits of a submitted form, because the answer may be an empty form. Keeps ticked
 * rows, which are needed again if the request fails.
 */
export function forgetEdits({ target: form }) {
  for (const field of form.elements) if (!field.matches(TICKS)) editedFields.delete(field);
}

/**
 * Moves the focus to the container around `element` without scrolling, so that the reader stays at
 * this position of the page.
 */
export function focusContainer(element) {
  const container = element.closest(".liveop, [data-liveop-list]");
  if (!container) return;
  if (container.tabIndex < 0) container.tabIndex = -1;
  container.focus({ preventScroll: true });
}
