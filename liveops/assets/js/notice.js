// Messages to the reader of an operation. They stay until they are dismissed or an action succeeds.
import { label } from "./texts.js";

/** Shows a message in `view`. With a URL, the message is a link. */
export function showNotice(view, { message, url }) {
  dismissNotice(view);
  const notice = document.createElement("div");
  notice.className = "op-notice";
  notice.dataset.liveopRefusal = "";
  notice.setAttribute("role", "alert");
  const dismiss = document.createElement("button");
  dismiss.type = "button";
  dismiss.setAttribute("aria-label", label("dismiss", view));
  dismiss.addEventListener("click", () => notice.remove());
  notice.append(paragraph(message, url), dismiss);
  const head = view.querySelector(".op-head");
  if (head) head.after(notice);
  else view.prepend(notice);
}

/** Says that the viewer is signed out. The application leads the way from the page to its sign-in. */
export function showSignedOut(view) {
  showNotice(view, { message: label("signedOut", view), url: location.href });
}

export function dismissNotice(view) {
  view.querySelector(".op-notice")?.remove();
}

/** Returns a paragraph with a message, which is a link if it has a URL. */
export function paragraph(message, url) {
  const element = document.createElement("p");
  element.dataset.level = "error";
  const words = url ? document.createElement("a") : element;
  words.textContent = message;
  if (url) {
    words.href = url;
    element.append(words);
  }
  return element;
}
