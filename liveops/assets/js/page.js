// The elements of the page that follow a channel. The browser reports when they appear and
// disappear, however they are inserted and removed.
import { Connection } from "./connection.js";
import { elementOf } from "./dom.js";
import { logsIn, settle } from "./log.js";
import { countDown, localiseTimes } from "./times.js";

export const connections = new Map();

class LiveElement extends HTMLElement {
  connectedCallback() {
    const { liveopChannel: channel, liveopSocket: socket } = this.dataset;
    if (!channel || !socket) return;
    logsIn(this).forEach(settle);
    localiseTimes(this);
    countDown();
    connectionTo(socket, this).watch(channel, elementOf(channel));
  }

  /** Later, because an element that is moved appears again. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      for (const connection of connections.values()) connection.forget(this);
    });
  }
}

/** Follows the elements of the page from now on. */
export function follow() {
  customElements.define("live-operation", class extends LiveElement {});
  customElements.define("live-list", class extends LiveElement {});
}

function connectionTo(address, element) {
  const url = new URL(address, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  if (!connections.has(url.href)) connections.set(url.href, new Connection(url.href, element));
  return connections.get(url.href);
}
