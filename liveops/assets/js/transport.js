// The transports of a connection: one WebSocket, or one event stream per channel.
// 
// A transport carries the messages of one connection. `open()` begins with all wanted
// subscriptions, `subscribe()` and `unsubscribe()` change them, `acknowledge()` reports a cursor,
// and `close()` ends the transport without a callback. The transport calls `received(message)`
// and `closed(code, channel)` of its connection, the latter with a channel if only one channel is
// affected.

const ACK_INTERVAL_MS = 500;
const ACK_FRAMES = 16;
const STREAMS_MAX = 4;
const STREAM_TURN_MS = 10_000;
export const CLOSE_ABNORMAL = 1006;

/**
 * A timeout that each message renews. Timers stop while a page sleeps, so the deadline can also
 * be queried.
 */
class Watchdog {
  constructor(onTimeout) {
    this.onTimeout = onTimeout;
  }

  renew(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onTimeout, ms);
    this.endsAt = Date.now() + ms;
  }

  stop() {
    clearTimeout(this.timer);
  }

  get isExpired() {
    return Date.now() >= this.endsAt;
  }
}

/** A transport for all channels over one WebSocket. */
export class SocketTransport {
  static kind = "websocket";
  static restsWhileHidden = false;

  acks = new Map();
  // The code of an error message: a proxy may lose the code of the close frame that follows.
  announcedCode = null;

  constructor(connection) {
    this.connection = connection;
    this.watchdog = new Watchdog(() => connection.closed(CLOSE_ABNORMAL));
  }

  open() {
    const { connection, watchdog } = this;
    watchdog.renew(connection.silenceMsMax);
    try {
      this.socket = new WebSocket(connection.url);
    } catch {
      // A URL that the page's CSP forbids throws in some browsers and fails later in others.
      return connection.closed(CLOSE_ABNORMAL);
    }
    this.socket.onopen = () => {
      watchdog.renew(connection.firstWordMsMax);
      connection.wanted.forEach((subscription) => this.subscribe(subscription));
    };
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code }) => connection.closed(this.announcedCode ?? code);
  }

  receive(data) {
    this.watchdog.renew(this.connection.silenceMsMax);
    const message = read(data);
    if (message?.type === "ping") this.send({ type: "pong" });
    if (message?.type === "error") this.announcedCode = message.code;
    this.connection.received(message);
  }

  subscribe({ token, cursor }) {
    this.send({ type: "subscribe", token, ...(cursor && { since: cursor }) });
  }

  unsubscribe(channel) {
    this.acks.delete(channel);
    this.send({ type: "unsubscribe", channel });
  }

  acknowledge(channel, cursor, count) {
    const frames = (this.acks.get(channel)?.frames ?? 0) + count;
    this.acks.set(channel, { cursor, frames });
    if (frames >= ACK_FRAMES) this.flushAcks();
    else this.ackTimer ??= setTimeout(() => this.flushAcks(), ACK_INTERVAL_MS);
  }

  flushAcks() {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    for (const [channel, { cursor }] of this.acks) this.send({ type: "ack", channel, cursor });
    this.acks.clear();
  }

  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  get isSilent() {
    return this.watchdog.isExpired;
  }

  /** Detaches the socket before closing it: closing a half-open socket can take minutes. */
  close() {
    this.watchdog.stop();
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
}

/**
 * A transport with one stream of server-sent events per channel. Streams need no tokens and no
 * acknowledgements. They are closed while the page is hidden, because browsers limit the
 * connections.
 */
export class StreamTransport {
  static kind = "sse";
  static restsWhileHidden = true;

  isOpen = true;
  isSilent = false;

  constructor(connection) {
    this.connection = connection;
  }

  open() {
    this.connection.wanted.forEach((subscription) => this.subscribe(subscription));
  }

  subscribe(subscription) {
    this.unsubscribe(subscription.channel);
    streams.push(new Stream(subscription, this.connection));
    shareStreams();
  }

  unsubscribe(channel) {
    endStreams(this.connection, (stream) => stream.subscription.channel === channel);
  }

  acknowledge() {}

  close() {
    endStreams(this.connection, () => true);
  }
}

/** The stream of one channel, opened and closed in turns with other streams. */
class Stream {
  source = null;

  constructor(subscription, connection) {
    this.subscription = subscription;
    this.connection = connection;
    this.watchdog = new Watchdog(() => this.endSilence());
  }

  open() {
    const { cursor, eventsUrl, channel } = this.subscription;
    if (this.source || !eventsUrl) return;
    const url = new URL(eventsUrl, location.href);
    if (cursor) url.searchParams.set("since", cursor);
    this.subscription.isFollowed = false;
    this.hasSpoken = false;
    this.watchdog.renew(this.connection.firstWordMsMax);
    const source = (this.source = new EventSource(url.href));
    // EventSource would reconnect without jitter, and not at all after a refusal.
    source.onerror = () => this.connection.closed(CLOSE_ABNORMAL, channel);
    source.onmessage = ({ data }) => this.receive(read(data));
    // A list stream begins with this event. Reloading the list is also right for later events.
    source.addEventListener("operations-changed", ({ data }) =>
      this.receive({ type: "subscribed", channel, catch_up: "reset", wire: read(data)?.wire }),
    );
    source.addEventListener("operation-row", ({ data }) =>
      this.receive({ type: "chat_message", channel, liveop_html: data }),
    );
  }

  receive(message) {
    const { connection, subscription } = this;
    this.hasSpoken = true;
    this.watchdog.renew(connection.silenceMsMax);
    connection.received(message);
    if (message?.type === "error") connection.closed(message.code, subscription.channel);
  }

  /**
   * Reconnects once after a silence, because the keepalives of a list are comments, which scripts
   * do not receive; a live server answers. A stream that has received nothing is closed.
   */
  endSilence() {
    if (!this.hasSpoken) return this.connection.closed(CLOSE_ABNORMAL);
    this.close();
    this.open();
  }

  close() {
    this.watchdog.stop();
    this.source?.close();
    this.source = null;
  }
}

/**
 * The streams of the page. HTTP/1.1 allows six connections per origin, so only the first few are
 * open.
 */
let streams = [];

let turnTimer;

function shareStreams() {
  streams.slice(STREAMS_MAX).forEach((stream) => stream.close());
  streams.slice(0, STREAMS_MAX).forEach((stream) => stream.open());
  clearTimeout(turnTimer);
  if (streams.length > STREAMS_MAX) turnTimer = setTimeout(passTurn, STREAM_TURN_MS);
}

/** Gives the next stream its turn. A stream that waited catches up when it opens. */
function passTurn() {
  streams.push(streams.shift());
  shareStreams();
}

function endStreams(connection, isMeant) {
  const ended = streams.filter((stream) => stream.connection === connection && isMeant(stream));
  ended.forEach((stream) => stream.close());
  streams = streams.filter((stream) => !ended.includes(stream));
  shareStreams();
}

/** Parses a message. Returns null for invalid JSON. */
function read(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
