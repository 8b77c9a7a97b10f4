import assert from "node:assert/strict";

/** Returns a fake WebSocket class. Its sockets are in `page.sockets`. */
export function fakeSocket(page) {
  return class FakeSocket {
    static OPEN = 1;
    readyState = 0;
    // Messages that the page has sent.
    sent = [];

    constructor(url) {
      this.url = url;
      page.sockets.push(this);
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.readyState = 3;
    }

    // -- actions of the server and the network

    accept() {
      assert.notEqual(this.readyState, 3, "the page has closed this socket");
      this.readyState = 1;
      this.onopen?.();
    }

    deliver(message) {
      this.deliverText(JSON.stringify(message));
    }

    deliverText(data) {
      this.onmessage?.({ data });
    }

    subscribed(channel, cursor, catchUp = "up_to_date") {
      this.deliver({ type: "subscribed", channel, cursor, catch_up: catchUp });
    }

    /** Delivers a frame, and lets the page draw it. */
    frame(channel, cursor, rest) {
      this.deliver({ type: "chat_message", channel, cursor, ...rest });
      page.draw();
    }

    drop(code = 1006) {
      this.readyState = 3;
      this.onclose?.({ code });
    }

    // -- messages of the page

    sentOf(type) {
      return this.sent.filter((message) => message.type === type);
    }
  };
}
