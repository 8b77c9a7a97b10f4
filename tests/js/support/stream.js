import assert from "node:assert/strict";

/** A class in place of EventSource; its streams are `page.streams`, for the test to speak through. */
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

    // -- what the server and the network do

    say(message) {
      this.expectReader();
      this.onmessage?.({ data: JSON.stringify(message) });
    }

    event(name, data) {
      this.expectReader();
      this.listeners.get(name)({ data });
    }

    subscribed(channel, cursor, catchUp = "up_to_date") {
      this.say({ type: "subscribed", channel, cursor, catch_up: catchUp });
    }

    frame(channel, cursor, rest) {
      this.say({ type: "chat_message", channel, cursor, ...rest });
    }

    /** The connection is lost, and a browser would try again by itself. */
    drop() {
      this.expectReader();
      this.onerror?.();
    }

    expectReader() {
      assert.notEqual(this.readyState, 2, "nobody reads this stream any more");
    }

    get since() {
      return this.url.searchParams.get("since");
    }
  };
}
