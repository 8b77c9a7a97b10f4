// The press of the pointer or of the space bar.

const PRESS_MAX_MS = 5_000;
const CLICK_MAX_MS = 300;

// The timer that ends the press, and the element that is pressed.
let press;
let pressed;
const listeners = [];

/** Returns true during a press in `element`. */
export function isPressed(element = document) {
  return press !== undefined && element.contains(pressed);
}

/** Calls `listener` at the end of each press. */
export function onRelease(listener) {
  listeners.push(listener);
}

export function beginPress({ target }) {
  clearTimeout(press);
  pressed = target;
  // The end of some presses is not reported, for example if a menu has opened.
  press = setTimeout(forgetPress, PRESS_MAX_MS);
}

export function endPress() {
  clearTimeout(press);
  // On a touch screen the click follows a moment after this event.
  press = setTimeout(forgetPress, CLICK_MAX_MS);
}

function forgetPress() {
  press = undefined;
  for (const listener of listeners) listener();
}
