// Subscriptions to channels, and the connection that carries them.
import { continueIn } from "./chain.js";
import { REQUEST_MAX_MS, elementOf, emit, isSignedOut, post } from "./dom.js";
import * as frames from "./frames.js";
import { refreshEarlierAttempts, refreshLists } from "./list.js";
import { showSignedOut } from "./notice.js";
import { TERMINAL_STATES, emitUpdate, finish, followState, showConnection } from "./operation.js";
import { CLOSE_ABNORMAL, SocketTransport, StreamTransport } from "./transport.js";
import { noteVersion } from "./version.js";

const RETRY_BASE_MS = 500;
const RETRY_MAX_MS = 30_000;
const KEEPALIVE_SECONDS = 25;
const FIRST_WORD_MAX_MS = 10_000;
const CLOSE_TOKEN_REFUSED = 4401;
const CLOSE_NOT_ALLOWED = 4403;
const CLOSE_TOO_MANY = 4429;
const CLOSE_FINAL = new Set([1008, 1009]);
const CURSOR = /^(\d+)\.([0-9a-f]+):(\d+)$/;
const ROW_NONCE = /^0+$/;

/** A followed channel: its element and its cursor. */
class Subscription {
  // True if the server has brought the page up to date over the current transport.
  isFollowed = false;
  // True if the server does not allow this page to follow the channel.
  isAbandoned = false;

  constructor(channel, element, connection) {
    this.channel = channel;
    this.element = element;
    this.connection = connection;
    this.token = element.dataset.liveopToken;
    this.cursor = element.dataset.liveopCursor;
    this.eventsUrl = element.dataset.liveopEvents;
    this.finished = TERMINAL_STATES.has(element.dataset.liveopState);
    this.finishedAttempt = this.finished ? this.attempt : undefined;
    this.shownAttempt = this.attempt;
  }

  /** The attempt of the operation that has reached the page, if known. */
  get attempt() {
    return CURSOR.exec(this.cursor ?? "")?.[1];
  }

  /** The element of the channel, which the latest fragment may have replaced. */
  get view() {
    return elementOf(this.channel) ?? this.element;
  }

  /**
   * Returns true if a frame, or one of a later run, has already reached the page.
   *
   * Returns false until the channel is followed: the first frames answer the page's cursor, and a
   * server with less state than the page answers with an older snapshot. Also returns false for
   * the cursor of an operation's row, which counts signals and not changes.
   */
  hasSeen(cursor) {
    const theirs = CURSOR.exec(cursor ?? "");
    const ours = CURSOR.exec(this.cursor ?? "");
    if (!this.isFollowed || !theirs || !ours) return false;
    const [attempt, nonce, seq] = [Number(theirs[1]), theirs[2], Number(theirs[3])];
    if (attempt !== Number(ours[1])) return attempt < Number(ours[1]);
    return nonce === ours[2] && !ROW_NONCE.test(nonce) && seq <= Number(ours[3]);
  }

  /** Writes the cursor into the page, for a script that is loaded after this one. */
  showCursor() {
    if (this.cursor) this.view.dataset.liveopCursor = this.cursor;
  }

  /** Acknowledges frames that have arrived and take no more memory. */
  merged(count) {
    if (this.cursor) this.connection.transport?.acknowledge(this.channel, this.cursor, count);
  }

  /** Follows the changes of these elements, which show the state at the cursor. */
  applied(ids) {
    followState(this, ids);
    this.showCursor();
    if (this.attempt !== this.shownAttempt) refreshEarlierAttempts(this.view);
    this.shownAttempt = this.attempt;
    emitUpdate(this);
  }
}

/** The subscriptions at one address, over one transport at a time. */
export class Connection {
  subscriptions = new Map();
  Transport = SocketTransport;
  transport = null;
  // Identifies the current attempt to connect. An older attempt stops after it has awaited its
  // tokens.
  attempt = null;
  failures = 0;
  // Number of consecutive attempts without any message from the server.
  mutes = 0;
  hasHeard = false;
  heldUntil = 0;
  needsTokens = false;
  // True if the newest answer was for a viewer who is signed out.
  isSignedOut = false;
  // Null until the first result: a page that was just loaded is not "reconnecting".
  state = null;

  constructor(url, { dataset }) {
    this.url = url;
    this.tokensUrl = dataset.liveopTokens;
    this.silenceMsMax = 2_000 * (Number(dataset.liveopKeepalive) || KEEPALIVE_SECONDS);
    this.firstWordMsMax = Math.min(FIRST_WORD_MAX_MS, this.silenceMsMax);
  }

  // -- subscriptions

  watch(channel, element) {
    const known = this.subscriptions.get(channel);
    if (known?.element === element) return;
    showConnection(element, this.state);
    if (known && known.cursor === element.dataset.liveopCursor) {
      known.element = element;
      return;
    }
    this.add(new Subscription(channel, element, this));
  }

  add(subscription) {
    // Last in the order of the server's answers, see `abandon`.
    this.subscriptions.delete(subscription.channel);
    this.subscriptions.set(subscription.channel, subscription);
    this.needsTokens ||= !subscription.token;
    if (this.state === "offline") this.reconnect();
    else if (this.transport?.isOpen && this.needsTokens) this.connect();
    else if (this.transport?.isOpen) this.transport.subscribe(subscription);
    else if (!this.attempt) this.connect();
  }

  unwatch(channel) {
    this.subscriptions.delete(channel);
    if (this.subscriptions.size > 0) this.transport?.unsubscribe(channel);
    else this.disconnect();
  }

  /** Follows another element of the channel, or none, because `element` has left the page. */
  forget(element) {
    for (const subscription of [...this.subscriptions.values()]) {
      if (subscription.element !== element) continue;
      const other = elementOf(subscription.channel);
      if (other) this.watch(subscription.channel, other);
      else this.unwatch(subscription.channel);
    }
  }

  get wanted() {
    return [...this.subscriptions.values()].filter(({ isAbandoned }) => !isAbandoned);
  }

  // -- transports

  async connect() {
    this.disconnect();
    const attempt = (this.attempt = Symbol("attempt"));
    // After a silent transport, the request also shows if the server is reachable.
    const asks = this.needsTokens || this.mutes > 0;
    const ready = !asks || (await this.refreshTokens());
    if (this.attempt !== attempt) return;
    if (!ready) return this.reconnectLater();
    if (this.wanted.length === 0) return this.giveUp();
    if (this.Transport.restsWhileHidden && document.hidden) return;
    this.hasHeard = false;
    this.transport = new this.Transport(this);
    this.transport.open();
  }

  disconnect() {
    clearTimeout(this.retryTimer);
    this.attempt = null;
    this.transport?.close();
    this.transport = null;
    for (const subscription of this.subscriptions.values()) subscription.isFollowed = false;
  }

  closed(code, channel) {
    if (CLOSE_FINAL.has(code)) return this.giveUp();
    // A stream that never began does not reveal a refusal; a request for new tokens does.
    const neverBegan = channel && !this.subscriptions.get(channel)?.isFollowed;
    if (code === CLOSE_TOKEN_REFUSED || neverBegan) this.needsTokens = true;
    if (code === CLOSE_NOT_ALLOWED) this.abandon(channel);
    if (code === CLOSE_TOO_MANY) this.heldUntil = Date.now() + RETRY_MAX_MS;
    // A code of the server proves that the transport works.
    if (!this.hasHeard && code <= CLOSE_ABNORMAL) this.countMute();
    this.reconnectLater();
  }

  /**
   * Counts an attempt without a message. A restarting server answers neither the transport nor
   * the request for tokens. If the request is answered twice and the transport is not, an
   * intermediary blocks the transport, and the connection changes to the other one.
   */
  countMute() {
    this.mutes += 1;
    const Other = this.Transport === SocketTransport ? StreamTransport : SocketTransport;
    const hasOther = Other === SocketTransport || this.wanted.every(({ eventsUrl }) => eventsUrl);
    if (this.mutes < 2 || !hasOther) return;
    this.Transport = Other;
    this.mutes = this.failures = 0;
  }

  reconnectLater() {
    this.disconnect();
    this.show("reconnecting");
    // Full jitter spreads the clients of a restarted server over the whole interval.
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.failures++);
    const hold = Math.max(0, this.heldUntil - Date.now());
    this.attempt = Symbol("waiting");
    this.retryTimer = setTimeout(() => this.connect(), hold + Math.random() * ceiling);
  }

  /** Closes a transport that does not stay open while the page is hidden. */
  rest() {
    if (this.transport && this.Transport.restsWhileHidden) this.disconnect();
  }

  /** Reconnects when the page becomes visible, unless the transport works. */
  wake() {
    if (!this.transport || this.transport.isSilent) this.hurry();
  }

  /** Reconnects at once. A transport that was open before the network was lost is not trusted. */
  hurry() {
    if (this.subscriptions.size === 0 || Date.now() < this.heldUntil) return;
    if (this.state === "offline") this.reconnect();
    else this.connect();
  }

  /** Reconnects as if the page had just been loaded. */
  reconnect() {
    if (this.subscriptions.size === 0) return;
    this.Transport = SocketTransport;
    this.failures = this.mutes = 0;
    for (const subscription of this.subscriptions.values()) {
      this.needsTokens ||= subscription.isAbandoned;
      subscription.isAbandoned = false;
    }
    if (this.state === "offline") this.show("reconnecting");
    this.connect();
  }

  giveUp() {
    this.disconnect();
    this.show("offline");
    if (!this.isSignedOut) return;
    for (const { view } of this.subscriptions.values()) if (view.matches(".liveop")) showSignedOut(view);
  }

  /** Checks at once if the server can still be reached, because the browser has lost the network. */
  doubt() {
    if (this.subscriptions.size === 0 || this.state === "offline") return;
    this.show("reconnecting");
    this.connect();
  }

  show(state) {
    if (this.state === state) return;
    this.state = state;
    for (const { view, isAbandoned } of this.subscriptions.values()) {
      showConnection(view, isAbandoned ? "offline" : state);
    }
    const reason = state === "offline" && this.isSignedOut ? "signed_out" : null;
    emit(document, "connection", { state, reason, socket: this.url, transport: this.Transport.kind });
  }

  // -- permissions

  /**
   * Requests new tokens. Returns false if another attempt may succeed. Abandons refused channels.
   */
  async refreshTokens() {
    const channels = this.wanted.map(({ channel }) => channel);
    let tokens = {};
    try {
      const response = await post(this.tokensUrl, {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channels }),
        signal: AbortSignal.timeout(REQUEST_MAX_MS),
      });
      this.isSignedOut = isSignedOut(response);
      const isRefused = this.isSignedOut || response.status === 403;
      if (!response.ok && !isRefused) return false;
      if (!isRefused) ({ tokens = {} } = await response.json());
    } catch {
      return false;
    }
    for (const channel of channels) this.renew(channel, tokens[channel]);
    this.needsTokens = this.wanted.some(({ token }) => !token);
    return !this.needsTokens;
  }

  renew(channel, token) {
    const subscription = this.subscriptions.get(channel);
    if (!subscription) return;
    subscription.isAbandoned = !token;
    if (!token) return;
    subscription.token = token;
    subscription.view.dataset.liveopToken = token;
  }

  /**
   * Abandons the refused channel. A refusal over a socket names no channel. The server answers
   * subscriptions in order, so the refusal is for the first channel without an answer. If all
   * channels have answers, new tokens show which channel is refused.
   */
  abandon(channel) {
    const refused = this.subscriptions.get(channel) ?? this.wanted.find(({ isFollowed }) => !isFollowed);
    if (refused) refused.isAbandoned = true;
    else this.needsTokens = true;
  }

  // -- messages

  received(message) {
    // An unreadable message may have been a frame; a new connection catches up.
    if (!message?.type) return this.reconnectLater();
    this.hasHeard = true;
    this.mutes = 0;
    if (message.type === "chat_message") this.receiveFrame(message);
    else if (message.type === "subscribed") this.receiveSubscribed(message);
  }

  receiveSubscribed({ channel, cursor, catch_up: catchUp, wire }) {
    noteVersion(wire);
    const subscription = this.subscriptions.get(channel);
    if (!subscription) return;
    subscription.isFollowed = true;
    // Not before: a refused channel among others would make the page reconnect without any wait.
    if (this.wanted.every(({ isFollowed }) => isFollowed)) this.failures = 0;
    this.show("connected");
    // Otherwise the frames of the catch-up advance the cursor. A list is reloaded as a whole.
    if (catchUp !== "up_to_date") return refreshLists(channel);
    subscription.cursor = cursor ?? subscription.cursor;
    subscription.showCursor();
  }

  receiveFrame(message) {
    const subscription = this.subscriptions.get(message.channel);
    // A frame of a channel that the page has just left may still arrive.
    if (!subscription || subscription.hasSeen(message.cursor)) return;
    if (message.liveop_chain) return this.follow(message, subscription);
    subscription.cursor = message.cursor ?? subscription.cursor;
    if (message.liveop_html) frames.receive(subscription, message.liveop_html);
    else if (message.cursor) subscription.merged(1);
    if (message.liveop_finished) {
      frames.flush();
      finish(subscription, message.liveop_finished);
    }
    if (message.liveop_list_changed) refreshLists(message.channel);
    if (!message.liveop_html) subscription.showCursor();
  }

  /**
   * Follows the next operation of a chain. Without a container for it, the page goes to the
   * operation's own page.
   */
  follow({ liveop_html: html, liveop_chain: { channel, token, url } }, previous) {
    frames.flush();
    const { view } = previous;
    if (!elementOf(channel) && !continueIn(html ?? "", view, { token, url })) {
      if (url && view.isConnected) location.assign(url);
      return;
    }
    if (!elementOf(previous.channel)) this.unwatch(previous.channel);
    const subscription = this.subscriptions.get(channel);
    if (subscription) emitUpdate(subscription);
  }
}
