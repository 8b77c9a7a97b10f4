import assert from "node:assert/strict";

/** Returns a fake EventSource class. Its streams are in `page.streams`. */
export function fakeStream(page) {
  return class FakeStream {
    readyState = 0;
    listeners = new Map();

    constructor(url) {
      this.url = new URL(url);
      page.streams.push(this);
    }

    addEventListener(name, listener) {
      this.listeners.set(name, listener);
    }

    close() {
      this.readyState = 2;
    }

    // -- actions of the server and the network

    deliver(message) {
      this.expectReader();
      this.onmessage?.({ data: JSON.stringify(message) });
    }

    event(name, data) {
      this.expectReader();
      this.listeners.get(name)({ data });
      page.draw();
    }

    subscribed(channel, cursor, catchUp = "up_to_date") {
      this.deliver({ type: "subscribed", channel, cursor, catch_up: catchUp });
    }

    /** Delivers a frame, and lets the page draw it. */
    frame(channel, cursor, rest) {
      this.deliver({ type: "chat_message", channel, cursor, ...rest });
      page.draw();
    }

    /** The connection is lost, and a browser would try again by itself. */
    drop() {
      this.expectReader();
      this.onerror?.();
    }

    expectReader() {
      assert.notEqual(this.readyState, 2, "the page has closed this stream");
    }

    get since() {
      return this.url.searchParams.get("since");
    }
  };
}
