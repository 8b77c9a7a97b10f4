import assert from "node:assert/strict";

/** A class in place of WebSocket; its sockets are `page.sockets`, for the test to speak through. */
export function fakeSocket(page) {
  return class FakeSocket {
    static OPEN = 1;
    readyState = 0;
    // What the page has said.
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

    // -- what the server and the network do

    accept() {
      assert.notEqual(this.readyState, 3, "nobody waits for this socket any more");
      this.readyState = 1;
      this.onopen?.();
    }

    say(message) {
      this.sayText(JSON.stringify(message));
    }

    sayText(data) {
      this.onmessage?.({ data });
    }

    subscribed(channel, cursor, catchUp = "up_to_date") {
      this.say({ type: "subscribed", channel, cursor, catch_up: catchUp });
    }

    frame(channel, cursor, rest) {
      this.say({ type: "chat_message", channel, cursor, ...rest });
    }

    drop(code = 1006) {
      this.readyState = 3;
      this.onclose?.({ code });
    }

    // -- what the page has said

    sentOf(type) {
      return this.sent.filter((message) => message.type === type);
    }
  };
}
