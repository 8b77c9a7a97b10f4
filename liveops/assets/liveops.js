/**
 * liveops.js keeps the operations and lists of a page live.
 *
 * The page is the only configuration: each element with `data-liveop-channel` is followed while it
 * is in the document, over one WebSocket per `data-liveop-socket`. Elements may be added and removed.
 * If WebSockets are blocked, the streams of `data-liveop-events` replace them.
 *
 * `window.liveops`
 *   logLinesMax      maximum number of lines of a log in the page; the oldest are removed first
 *   labels           texts of this script, by their names in `LABELS`; assigned ones override those
 *                    that the page has in its own language
 *   apply(html)      applies fragments (`hx-swap-oob`) like a message from the server
 *   reconnect()      reopens every connection over WebSockets, also those that were given up
 *
 * Events (all bubble)
 *   liveop:update      on the container, after HTML was applied: `{channel, cursor}`
 *   liveop:finished    on the container: `{channel, pk, state, url, success_url}`;
 *                      `preventDefault()` keeps the page from moving to `success_url`
 *   liveop:connection  on the document: `{state, socket, transport}`; the state is connected,
 *                      reconnecting or offline, the transport websocket or sse
 *   liveop:error       on a form that the server refused or did not answer: `{status, message}`
 *   liveop:outdated    on the document, before a page with a script older than the server reloads
 *                      itself: `{wire}`; `preventDefault()` postpones the reload
 *
 * A page with a script older than the server has `data-liveop-outdated` on its root element. It
 * reloads itself, at most once a minute, as soon as no field has been changed, no dialog is open
 * and no form waits for an answer.
 */
"use strict";

(() => {
  // A boosted or restored page may load the script again; the first instance keeps working.
  if (window.liveops) return;

  const liveops = (window.liveops = {
    logLinesMax: 1000,
    labels: {},
    apply: applyFragments,
    reconnect: () => connections.forEach((connection) => connection.reconnect()),
  });

  /** The labels of a page without `data-liveop-labels`. */
  const LABELS = {
    connected: "Live",
    reconnecting: "Reconnecting…",
    offline: "Offline",
    refused: "The action failed. Please try again.",
    unreachable: "The server could not be reached. Please try again.",
    hours: "{hours} h {minutes} min",
    minutes: "{minutes} min {seconds} s",
    seconds: "{seconds} s",
    result: "Result",
  };

  // The version of the wire format that this script understands. The server contains the same number.
  const WIRE_VERSION = 1;

  const RETRY_BASE_MS = 500;
  const RETRY_MAX_MS = 30_000;
  const KEEPALIVE_SECONDS = 25;
  const FIRST_WORD_MAX_MS = 10_000;
  const REQUEST_MAX_MS = 30_000;
  const ACK_INTERVAL_MS = 500;
  const ACK_FRAMES = 16;
  const STREAMS_MAX = 4;
  const STREAM_TURN_MS = 10_000;
  const LIST_INTERVAL_MS = 1_000;
  const LIST_RETRY_MS = 5_000;
  const PRESS_MAX_MS = 5_000;
  const CLICK_MAX_MS = 300;
  const ADDITIONS_MAX = 1_000;
  const LEFT_OPERATIONS_MAX = 10;
  const COUNTDOWN_INTERVAL_MS = 1_000;
  const LOG_BOTTOM_TOLERANCE_PX = 24;
  const RELOAD_SPREAD_MS = 5_000;
  const RELOAD_RETRY_MS = 1_000;
  const RELOAD_INTERVAL_MS = 60_000;
  const RELOADED_AT = "liveops-reloaded-at";

  const CLOSE_ABNORMAL = 1006;
  const CLOSE_TOKEN_REFUSED = 4401;
  const CLOSE_NOT_ALLOWED = 4403;
  const CLOSE_TOO_MANY = 4429;
  const CLOSE_FINAL = new Set([1008, 1009]);

  const READ_ONLY = "data-liveop-read-only";
  const LEFT = "data-liveop-left";
  const TERMINAL_STATES = new Set(["FINISHED_OK", "FINISHED_ERROR", "CANCELLED"]);
  const BUILT_IN_REGIONS = new Set([
    "status", "progress", "stages", "log", "result", "controls", "traceback",
  ]);
  const ROW_REGIONS = new Set(["row-progress", "row-status"]);
  const REGION_ID = /^op-(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
  const TICKS = "[data-liveop-tick], [data-liveop-tick-all]";
  const CURSOR = /^(\d+)\.([0-9a-f]+):(\d+)$/;
  const ROW_NONCE = /^0+$/;

  // ---------------------------------------------------------------- fragments

  /** Applies every top-level fragment of `html` and returns the addressed ids. */
  function applyFragments(html) {
    return [...parse(html).children].map(applyFragment);
  }

  /** Parses HTML. Scripts parsed this way never run, under any CSP. */
  function parse(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  }

  function applyFragment(fragment) {
    const [swap, id = fragment.id] = (fragment.getAttribute("hx-swap-oob") ?? "").split(":#");
    fragment.removeAttribute("hx-swap-oob");
    const target = swap && (document.getElementById(id) ?? createRegion(id));
    if (!target) return null;
    if (swap === "beforeend") append(target, fragment);
    else if (!updateProgress(target, fragment)) replace(target, fragment);
    return id;
  }

  /**
   * Creates the element of a custom region at its first fragment, so that a template need not
   * contain the region. Returns null for other ids.
   */
  function createRegion(id) {
    const [, name, operation] = REGION_ID.exec(id) ?? [];
    const regions = document.getElementById(`op-${operation}`)?.querySelector(".op-regions");
    if (!regions || BUILT_IN_REGIONS.has(name) || ROW_REGIONS.has(name)) return null;
    const region = document.createElement("div");
    region.id = id;
    region.className = "op-region";
    regions.append(region);
    return region;
  }

  function replace(target, fragment) {
    // An unchanged region stays in place, and with it the focus, edits and scroll position inside.
    if (target.isEqualNode(fragment)) return;
    inheritConnection(target, fragment);
    logsIn(fragment).forEach(dropOldLines);
    const restoreUse = rememberUse(target);
    target.replaceWith(fragment);
    restoreUse(fragment);
    adoptState(fragment);
    activate(fragment);
  }

  /**
   * Lets htmx process new content. An htmx that is loaded later processes the whole page by itself.
   */
  function activate(element) {
    window.htmx?.process(element);
  }

  /** Copies the viewer's attributes, because a published container is the same for all viewers. */
  function inheritConnection(target, fragment) {
    if (!fragment.dataset.liveopChannel) return;
    const names = ["liveopSocket", "liveopTokens", "liveopKeepalive"];
    if (fragment.dataset.liveopChannel === target.dataset.liveopChannel) {
      names.push("liveopToken", "liveopCursor");
    }
    for (const name of names) {
      if (name in target.dataset && !(name in fragment.dataset)) {
        fragment.dataset[name] = target.dataset[name];
      }
    }
  }

  /** Copies `data-liveop-state` of a region to its container. */
  function adoptState(fragment) {
    const container = fragment.closest(".liveop");
    const { liveopState } = fragment.dataset;
    if (container && liveopState) container.dataset.liveopState = liveopState;
  }

  /**
   * Appends the children of a fragment. Skips elements with an id of the page, so that a repeated
   * line shows only once.
   */
  function append(target, fragment) {
    const isFresh = ({ id }) => !id || !document.getElementById(id);
    const nodes = [...fragment.childNodes].filter(isFresh);
    const elements = nodes.filter(({ nodeType }) => nodeType === Node.ELEMENT_NODE);
    if (target.matches(".op-log")) appendLines(target, elements);
    else appendNodes(target, nodes);
    for (const element of elements) if (element.isConnected) activate(element);
  }

  // The nodes of each addition to a region, the oldest first.
  const additions = new WeakMap();

  /** Appends nodes to a region and keeps its newest additions, as the server does. */
  function appendNodes(region, nodes) {
    if (!additions.has(region)) additions.set(region, []);
    const kept = additions.get(region);
    kept.push(nodes);
    region.append(...nodes);
    if (kept.length > ADDITIONS_MAX) for (const node of kept.shift()) node.remove();
  }

  /**
   * Appends log lines. The line numbers show which lines were in the log earlier and have been
   * removed since.
   */
  function appendLines(log, lines) {
    const restoreScroll = rememberLogScroll(log);
    const newest = lineNumber(log.lastElementChild);
    const isOld = (line) => lineNumber(line) <= newest;
    log.append(...lines.filter((line) => !isOld(line)).slice(-liveops.logLinesMax));
    dropOldLines(log);
    restoreScroll(log);
  }

  function lineNumber(line) {
    return Number(/-(\d+)$/.exec(line?.id)?.[1]);
  }

  function dropOldLines(log) {
    while (log.childElementCount > liveops.logLinesMax) log.firstElementChild.remove();
  }

  /**
   * Replaces a progress region except its bar, which stays in the document: a new element would
   * jump to its value without a transition and restart its animation. Returns false if there is no
   * bar.
   */
  function updateProgress(target, fragment) {
    const bar = target.querySelector(":scope.op-progress > progress");
    const next = fragment.querySelector(":scope.op-progress > progress");
    if (!bar || !next) return false;
    copyAttributes(next, bar);
    bar.textContent = next.textContent;
    copyAttributes(fragment, target);
    for (const node of [...target.childNodes]) if (node !== bar) node.remove();
    const nodes = [...fragment.childNodes];
    bar.before(...nodes.slice(0, nodes.indexOf(next)));
    bar.after(...nodes.slice(nodes.indexOf(next) + 1));
    activate(target);
    return true;
  }

  function copyAttributes(from, to) {
    for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name);
    for (const { name, value } of from.attributes) {
      if (to.getAttribute(name) !== value) to.setAttribute(name, value);
    }
  }

  // ---------------------------------------------------------------- focus, edits and scroll position

  const editedFields = new WeakSet();

  /**
   * Forgets the edits of a submitted form, because the answer may be an empty form. Keeps ticked
   * rows, which are needed again if the request fails.
   */
  function forgetEdits({ target: form }) {
    for (const field of form.elements) if (!field.matches(TICKS)) editedFields.delete(field);
  }

  /**
   * Saves focus, edits, selection and scroll position inside `root`; the returned function restores
   * them.
   */
  function rememberUse(root) {
    const fields = [...root.querySelectorAll("input, select, textarea")]
      .filter((field) => editedFields.has(field) || field === document.activeElement)
      .map((field) => [field, addressOf(field, root)]);
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const focusedAddress = focused && addressOf(focused, root);
    const scrolls = [root, ...root.querySelectorAll("*")]
      .filter((element) => element.scrollTop || element.scrollLeft || element.matches(".op-log"))
      .map((element) => [rememberScroll(element), addressOf(element, root)]);
    const restoreSelection = rememberSelection(root);

    return (replacement) => {
      for (const [field, address] of fields) copyUse(field, find(address, replacement));
      for (const [restoreScroll, address] of scrolls) restoreScroll(find(address, replacement));
      restoreSelection(replacement);
      if (focused && !replacement.contains(document.activeElement)) {
        focusQuietly(find(focusedAddress, replacement), replacement);
      }
    };
  }

  /**
   * Describes an element by its id, else as the n-th of its tag and name in forms with its action.
   * The action matters because Retry replaces Cancel: a second press must not trigger the other
   * action.
   */
  function addressOf(element, root) {
    const name = element.getAttribute("name");
    const action = element.form?.getAttribute("action");
    // Among several boxes or buttons the value identifies one, and the target identifies a link, at
    // any position. A link with `rel`, such as the one to the next page, is identified by its
    // `rel`.
    const isOneOfMany = element.matches("[type=checkbox], [type=radio], button");
    const link = element.hasAttribute("rel") ? "rel" : "href";
    const selector =
      (action ? `form[action="${CSS.escape(action)}"] ` : "") +
      element.localName +
      having("name", name) +
      having("value", isOneOfMany && element.getAttribute("value")) +
      having(link, element.localName === "a" && element.getAttribute(link));
    return { id: element.id, selector, index: matching(selector, root).indexOf(element) };
  }

  function having(attribute, value) {
    return value ? `[${attribute}="${CSS.escape(value)}"]` : "";
  }

  function find({ id, selector, index }, root) {
    const byId = id && document.getElementById(id);
    if (byId && root.contains(byId)) return byId;
    return matching(selector, root)[index] ?? null;
  }

  function matching(selector, root) {
    return [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  }

  function logsIn(root) {
    return matching(".op-log", root);
  }

  function copyUse(from, to) {
    if (!to || to.type !== from.type) return;
    if (editedFields.has(from)) {
      editedFields.add(to);
      if (from.type === "file") to.files = from.files;
      else to.value = from.value;
      to.checked = from.checked;
    }
    // Null for the types without a caret, which also refuse setSelectionRange.
    if (from.selectionStart != null) {
      to.setSelectionRange(from.selectionStart, from.selectionEnd, from.selectionDirection);
    }
  }

  /**
   * Moves the focus without scrolling. If `element` is gone, its container takes the focus, so that
   * the reader stays at this position of the page.
   */
  function focusQuietly(element, replacement) {
    const next = element ?? replacement.closest(".liveop, [data-liveop-list]");
    if (!next) return;
    if (!element && next.tabIndex < 0) next.tabIndex = -1;
    next.focus({ preventScroll: true });
    // A disabled element does not take the focus.
    if (element && document.activeElement !== element) focusQuietly(null, replacement);
  }

  function rememberScroll(element) {
    if (element.matches(".op-log")) return rememberLogScroll(element);
    const { scrollTop, scrollLeft } = element;
    return (after) => after && Object.assign(after, { scrollTop, scrollLeft });
  }

  /** Keeps unchanged text selected. The position is counted in characters of the region. */
  function rememberSelection(root) {
    const selection = document.getSelection();
    const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
    const isInside = root.contains(anchorNode) && root.contains(focusNode);
    // A selection inside a field appears collapsed here.
    if (!isInside || selection.isCollapsed) return () => {};
    const text = selection.toString();
    const anchor = charactersBefore(root, anchorNode, anchorOffset);
    const focus = charactersBefore(root, focusNode, focusOffset);
    return (replacement) => {
      const points = [pointAfter(replacement, anchor), pointAfter(replacement, focus)];
      if (points.every(Boolean)) selection.setBaseAndExtent(...points.flat());
      if (selection.toString() !== text) selection.removeAllRanges();
    };
  }

  function charactersBefore(root, node, offset) {
    const range = document.createRange();
    range.selectNodeContents(root);
    range.setEnd(node, offset);
    return range.toString().length;
  }

  /** Returns the text node and the offset in it that lie `count` characters into `root`. */
  function pointAfter(root, count) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (count <= node.length) return [node, count];
      count -= node.length;
    }
    return null;
  }

  /** Keeps a log at its bottom; keeps the visible lines of a log that is scrolled up. */
  function rememberLogScroll(log) {
    const atBottom = log.scrollHeight - log.scrollTop - log.clientHeight < LOG_BOTTOM_TOLERANCE_PX;
    const { scrollTop, lastElementChild: line } = log;
    const lineTop = line?.getBoundingClientRect().top;
    return (after) => {
      if (!after) return;
      if (atBottom) scrollToBottom(after);
      else if (after !== log) after.scrollTop = scrollTop;
      else if (line?.isConnected) log.scrollTop += line.getBoundingClientRect().top - lineTop;
    };
  }

  function scrollToBottom(log) {
    log.scrollTop = log.scrollHeight;
  }

  /** Formats times for the reader. The title holds the full date and marks a time as formatted. */
  function localiseTimes(root, languageOfAll) {
    const times = ":is(.op-log, [data-liveop-list]) time[datetime]:not([title])";
    for (const time of root.querySelectorAll(times)) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const language = languageOfAll ?? languageOf(time);
      time.title = moment.toLocaleString(language);
      time.textContent = time.closest(".op-log")
        ? moment.toLocaleTimeString(language)
        : moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    }
  }

  /**
   * Returns the language of the page, or undefined, the browser's own, if the page names no valid
   * one.
   */
  function languageOf(element) {
    try {
      return Intl.getCanonicalLocales(element.closest("[lang]")?.lang || [])[0];
    } catch {
      return undefined;
    }
  }

  /** Returns a text in the language of `element`. */
  function label(name, element) {
    return liveops.labels[name] ?? labelsOf(element)[name] ?? LABELS[name];
  }

  function labelsOf(element) {
    try {
      return JSON.parse(element.closest("[data-liveop-labels]")?.dataset.liveopLabels ?? "{}");
    } catch {
      return {};
    }
  }

  let countdownTimer;

  /** Updates all countdowns, and schedules the next update in a second. */
  function countDown() {
    const times = document.querySelectorAll("time[data-liveop-countdown][datetime]");
    for (const time of times) {
      const seconds = Math.ceil((new Date(time.dateTime) - Date.now()) / 1000);
      const text = inWords(Math.max(seconds, 0), time);
      if (!Number.isNaN(seconds) && time.textContent !== text) time.textContent = text;
    }
    clearTimeout(countdownTimer);
    if (times.length > 0) countdownTimer = setTimeout(reconcile, COUNTDOWN_INTERVAL_MS);
  }

  /** Formats a duration with its two largest units, as the server does. */
  function inWords(total, element) {
    const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
    const numbers = { hours, minutes, seconds: total % 60 };
    const name = hours > 0 ? "hours" : minutes > 0 ? "minutes" : "seconds";
    return label(name, element).replace(/{(\w+)}/g, (blank, unit) => numbers[unit] ?? blank);
  }

  // ---------------------------------------------------------------- transports

  /*
   * A transport carries the messages of one connection. `open()` begins with all wanted
   * subscriptions, `subscribe()` and `unsubscribe()` change them, `acknowledge()` reports a cursor,
   * and `close()` ends the transport without a callback. The transport calls `received(message)`
   * and `closed(code, channel)` of its connection, the latter with a channel if only one channel is
   * affected.
   */

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
  class SocketTransport {
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

    acknowledge(channel, cursor) {
      const frames = (this.acks.get(channel)?.frames ?? 0) + 1;
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
  class StreamTransport {
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

  // ---------------------------------------------------------------- connection

  /** A followed channel: its element and its cursor. */
  class Subscription {
    // True if the server has brought the page up to date over the current transport.
    isFollowed = false;
    // True if the server does not allow this page to follow the channel.
    isAbandoned = false;

    constructor(channel, element) {
      this.channel = channel;
      this.element = element;
      this.token = element.dataset.liveopToken;
      this.cursor = element.dataset.liveopCursor;
      this.eventsUrl = element.dataset.liveopEvents;
      this.finished = TERMINAL_STATES.has(element.dataset.liveopState);
      this.finishedAttempt = this.finished ? this.attempt : undefined;
    }

    /** The attempt of the operation that the page shows, if known. */
    get attempt() {
      return CURSOR.exec(this.cursor ?? "")?.[1];
    }

    /** The element of the channel, which the latest fragment may have replaced. */
    get view() {
      return elementOf(this.channel) ?? this.element;
    }

    /**
     * Returns true if the page already shows a frame, or shows a later run.
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

    advance(cursor) {
      if (!cursor) return;
      this.cursor = cursor;
      this.view.dataset.liveopCursor = cursor;
    }
  }

  /** The subscriptions at one address, over one transport at a time. */
  class Connection {
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
      this.add(new Subscription(channel, element));
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
    }

    show(state) {
      if (this.state === state) return;
      this.state = state;
      for (const { view, isAbandoned } of this.subscriptions.values()) {
        showConnection(view, isAbandoned ? "offline" : state);
      }
      emit(document, "connection", { state, socket: this.url, transport: this.Transport.kind });
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
        const isRefused = response.status === 401 || response.status === 403;
        if (!response.ok && !isRefused) return false;
        if (response.ok) ({ tokens = {} } = await response.json());
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
      if (catchUp === "up_to_date") subscription.advance(cursor);
      else refreshLists(channel);
    }

    receiveFrame(message) {
      const subscription = this.subscriptions.get(message.channel);
      // A frame of a channel that the page has just left may still arrive.
      if (!subscription || subscription.hasSeen(message.cursor)) return;
      if (message.liveop_chain) return this.follow(message, subscription);
      const { attempt } = subscription;
      if (message.liveop_html) {
        followState(subscription, applyFragments(message.liveop_html));
      }
      subscription.advance(message.cursor);
      if (message.cursor) this.transport?.acknowledge(message.channel, message.cursor);
      if (attempt !== subscription.attempt) refreshEarlierAttempts(subscription.view);
      if (message.liveop_html) emitUpdate(subscription);
      if (message.liveop_finished) finish(subscription, message.liveop_finished);
      if (message.liveop_list_changed) refreshLists(message.channel);
    }

    /**
     * Follows the next operation of a chain, whose container needs the token. Without a container,
     * the page goes to the operation's own page.
     */
    follow({ liveop_html: html, liveop_chain: { channel, token, url } }, previous) {
      const { view } = previous;
      const container = elementOf(channel) ?? continueIn(html ?? "", view, url);
      if (!container) {
        if (url && view.isConnected) location.assign(url);
        return;
      }
      if (token) container.dataset.liveopToken = token;
      // The server renders the container for all viewers alike.
      container.toggleAttribute(READ_ONLY, view.hasAttribute(READ_ONLY));
      reconcile();
      const subscription = this.subscriptions.get(channel);
      if (subscription) emitUpdate(subscription);
    }
  }

  // ---------------------------------------------------------------- chains

  /**
   * Shows the next operation of a chain below `view`, which stays in the page, folded, and is no
   * longer followed. Returns the container, or null if `html` has none.
   */
  function continueIn(html, view, url) {
    const content = parse(html);
    const container = content.querySelector(".liveop[data-liveop-channel]");
    if (!container || !view.isConnected) return null;
    container.removeAttribute("hx-swap-oob");
    inheritConnection(view, container);
    // The chain may come back to an operation that it has left.
    document.getElementById(container.id)?.remove();
    const hasFocus = view.contains(document.activeElement);
    const sections = sectionsOf(view);
    view.after(container);
    if (sections) {
      sections.remove();
      container.after(...content.querySelectorAll(".op-sections"));
    }
    fold(view);
    dropOldest(view);
    renamePage(view, container, url);
    if (hasFocus) focusQuietly(null, container);
    for (const element of [container, sectionsOf(container)]) if (element) activate(element);
    sectionsOf(container)?.querySelectorAll("[data-liveop-list]").forEach(refreshList);
    return container;
  }

  /** The sections of the page of an operation that belong to one viewer. */
  function sectionsOf(view) {
    const next = view.nextElementSibling;
    return next?.matches(".op-sections") ? next : null;
  }

  /** Leaves an operation: keeps its title in sight and folds everything else. */
  function fold(view) {
    const folded = document.createElement("details");
    folded.className = "op-folded";
    const summary = document.createElement("summary");
    summary.textContent = label("result", view);
    const isFolded = (element) => !element.matches(".op-head, .op-description, .op-previous");
    folded.append(summary, ...[...view.children].filter(isFolded));
    view.append(folded);
    view.toggleAttribute(LEFT, true);
    delete view.dataset.liveopChannel;
  }

  /** Removes the oldest operations of a long chain. Each of the others leads to its predecessor. */
  function dropOldest(view) {
    for (let count = 1; view?.hasAttribute(LEFT); count += 1) {
      const previous = view.previousElementSibling;
      if (count > LEFT_OPERATIONS_MAX) view.remove();
      view = previous;
    }
  }

  /** Gives the page of an operation the address and the title of the next one. */
  function renamePage(view, container, url) {
    const address = ({ dataset }) => dataset.liveopEvents?.replace(/events$/, "");
    if (!url || address(view) !== location.pathname) return;
    try {
      history.replaceState(history.state, "", url);
    } catch {
      // A browser limits the changes in a short time. The page stays at an earlier address.
      return;
    }
    const [from, to] = [view, container].map(({ dataset }) => dataset.liveopTitle);
    // The layout of the application may have put more into the title.
    if (to) document.title = from && document.title.includes(from) ? document.title.replace(from, () => to) : to;
  }

  // ---------------------------------------------------------------- operations

  /**
   * Derives the state of a run that starts or starts again, because no frame names it. The badge
   * beside Cancel names the state. On a page without a badge, the run has started if a stage is
   * active or Cancel is offered again.
   */
  function followState(subscription, ids) {
    const { view } = subscription;
    const badge = view.querySelector(".op-controls .liveops-badge")?.dataset.state;
    const state = view.dataset.liveopState;
    const outlineChanged = ids.some((id) => /^op-(stages|controls)-/.test(id ?? ""));
    const started =
      state === "NOT_STARTED"
        ? view.querySelector('.op-stage[data-state="active"]')
        : TERMINAL_STATES.has(state) && view.querySelector('.op-controls form[action$="/cancel"]');
    if (badge && !TERMINAL_STATES.has(badge)) view.dataset.liveopState = badge;
    else if (!badge && outlineChanged && started) view.dataset.liveopState = "STARTED";
    if (!TERMINAL_STATES.has(view.dataset.liveopState)) subscription.finished = false;
    if (view.dataset.liveopState !== state) refreshLists(subscription.channel);
  }

  /**
   * Handles the end of a run. An end that is repeated after a reconnect changes nothing. The end of
   * another run is a new end, even if the page has not received the start of that run.
   */
  function finish(subscription, outcome) {
    const { view, channel, attempt } = subscription;
    const isAnother = subscription.finishedAttempt && subscription.finishedAttempt !== attempt;
    if (subscription.finished && !isAnother) return;
    subscription.finished = true;
    subscription.finishedAttempt = attempt;
    view.dataset.liveopState = outcome.state;
    // The details of the operation, beside its container.
    refreshLists(channel);
    const stay = !emit(view, "finished", { channel, ...outcome });
    if (!stay && typeof outcome.success_url === "string") location.assign(outcome.success_url);
  }

  function showConnection(element, state) {
    const indicator = element.querySelector(".op-connection");
    if (!indicator || !state) return;
    indicator.dataset.connection = state;
    indicator.title = label(state, indicator);
    indicator.setAttribute("aria-label", indicator.title);
    indicator.hidden = false;
  }

  function emitUpdate({ view, channel, cursor }) {
    emit(view, "update", { channel, cursor });
  }

  /** Dispatches an event. Returns false if a listener prevented the default. */
  function emit(target, name, detail) {
    const cancelable = name === "finished" || name === "outdated";
    return target.dispatchEvent(new CustomEvent(`liveop:${name}`, { detail, cancelable, bubbles: true }));
  }

  // ---------------------------------------------------------------- lists

  /**
   * A list that reloads at most once a second, never while hidden, and always after the last
   * change.
   */
  class List {
    stale = false;
    busy = false;

    constructor(element) {
      this.element = element;
    }

    async refresh() {
      if (!this.stale || this.busy || press || this.isOutOfSight() || !this.element.isConnected) return;
      this.stale = false;
      this.busy = true;
      const pause = sleep(LIST_INTERVAL_MS);
      const loaded = await this.load();
      this.stale ||= !loaded;
      await (loaded ? pause : sleep(LIST_RETRY_MS));
      this.busy = false;
      this.refresh();
    }

    isOutOfSight() {
      return document.hidden || this.element.closest("details:not([open])") !== null;
    }

    /**
     * Loads the list. Returns false if another attempt may succeed. Ignores redirects, because a
     * sign-in page is not a list.
     */
    async load() {
      try {
        const response = await fetch(this.element.dataset.liveopList, {
          headers: { "HX-Request": "true" },
          credentials: "same-origin",
          signal: AbortSignal.timeout(REQUEST_MAX_MS),
        });
        if (response.ok && !response.redirected) this.take(await response.text());
        return response.status < 500;
      } catch {
        return false;
      }
    }

    take(html) {
      if (press) this.stale = true;
      else this.show(html);
    }

    show(html) {
      const content = parse(html);
      const rows = content.querySelector("[data-liveop-list]") ?? content;
      const next = this.element.cloneNode(false);
      next.append(...rows.childNodes);
      // What the reader has opened stays open.
      const folds = [...this.element.querySelectorAll("details")];
      [...next.querySelectorAll("details")].forEach((fold, index) => (fold.open = folds[index]?.open ?? fold.open));
      // Formatted first, because the comparison and the selection depend on the final text.
      localiseTimes(next, languageOf(this.element));
      if (this.element.isEqualNode(next)) return;
      const restoreUse = rememberUse(this.element);
      this.element.replaceChildren(...next.childNodes);
      restoreUse(this.element);
      showTicks(this.element);
      activate(this.element);
    }
  }

  const lists = new WeakMap();

  function refreshLists(channel) {
    const shown = `[data-liveop-list][data-liveop-channel="${CSS.escape(channel)}"]`;
    document.querySelectorAll(shown).forEach(refreshList);
  }

  /** Reloads the earlier attempts of an operation whose next attempt has begun. */
  function refreshEarlierAttempts(view) {
    view.querySelectorAll(".op-history[data-liveop-list]").forEach(refreshList);
  }

  function refreshList(element) {
    if (!lists.has(element)) lists.set(element, new List(element));
    const list = lists.get(element);
    list.stale = true;
    list.refresh();
  }

  /** Reloads the lists that changed while they were hidden or pressed. */
  function showNewRows(root) {
    root.querySelectorAll("[data-liveop-list]").forEach((element) => lists.get(element)?.refresh());
  }

  // The timer that ends a press of the pointer or the space bar. Lists are not replaced during a
  // press, because a replaced row gets no click.
  let press;

  function beginPress() {
    clearTimeout(press);
    // The end of some presses is not reported, for example if a menu has opened.
    press = setTimeout(forgetPress, PRESS_MAX_MS);
  }

  function endPress() {
    clearTimeout(press);
    // On a touch screen the click follows a moment after this event.
    press = setTimeout(forgetPress, CLICK_MAX_MS);
  }

  function forgetPress() {
    press = undefined;
    showNewRows(document);
  }

  // ---------------------------------------------------------------- row selection

  function noteTick({ target }) {
    const root = target.closest("[data-liveop-list]");
    if (!root || !target.matches(TICKS)) return;
    if (target.matches("[data-liveop-tick-all]")) {
      for (const row of rowsOf(root)) {
        row.checked = target.checked;
        editedFields.add(row);
      }
    }
    showTicks(root);
  }

  /** Sets the box for all rows to checked, unchecked or indeterminate. */
  function showTicks(root) {
    const all = root.querySelector("[data-liveop-tick-all]");
    if (!all) return;
    const rows = rowsOf(root);
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked > 0 && ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
  }

  /** Unticks all rows after a successful action. */
  function untick(form) {
    for (const root of form.querySelectorAll("[data-liveop-list]")) {
      for (const row of rowsOf(root)) {
        row.checked = false;
        editedFields.delete(row);
      }
      showTicks(root);
    }
  }

  function rowsOf(root) {
    return [...root.querySelectorAll("[data-liveop-tick]")];
  }

  // ---------------------------------------------------------------- actions

  // The forms whose requests have no answer yet.
  const pendingForms = new Set();

  // The number of consecutive clicks at the latest click, and the operation and action of the
  // latest press.
  let clickCount = 0;
  let newestPress = {};

  /** Sends an action. If htmx has already sent the form, the default is prevented. */
  function interceptAction(event) {
    const form = event.target;
    if (!form.matches("form[data-liveop-action]") || event.defaultPrevented) return;
    event.preventDefault();
    if (!pendingForms.has(form) && isMeant(form)) perform(form, event.submitter);
  }

  /**
   * Returns false for the second click of a double click that hits Retry at the former position of
   * Cancel, or the reverse.
   */
  function isMeant(form) {
    const { operation, action } = newestPress;
    newestPress = { operation: form.closest(".liveop")?.id, action: form.action };
    const hasChanged = newestPress.operation === operation && newestPress.action !== action;
    return clickCount < 2 || !operation || !hasChanged;
  }

  /**
   * Shows the answer to a form that htmx has sent, if the answer is an error. A form with mistakes replaces
   * the form. Any other error appears in the form, which keeps its values and files. htmx 2 would show
   * neither, and htmx 4 would replace the form with the page of the error.
   */
  function showFormError(event) {
    const form = formOfHtmx(event);
    const { xhr, ctx } = event.detail;
    const status = xhr?.status ?? ctx?.response?.status;
    if (!form || !(status >= 400)) return;
    const answer = new DOMParser().parseFromString(xhr?.responseText ?? ctx.text ?? "", "text/html");
    const hasMistakes = answer.querySelector("form[data-liveop-form]") !== null;
    if (xhr) {
      event.detail.shouldSwap = hasMistakes;
      event.detail.isError &&= !hasMistakes;
    } else if (!hasMistakes) {
      event.preventDefault();
    }
    if (hasMistakes) return;
    const message = answer.querySelector(".op-error")?.textContent || label("refused", form);
    showRefusal(form, status, { message });
  }

  /** Shows an error for a form of htmx that got no answer. htmx 2 also sends `htmx:error` after an answer. */
  function showFormUnanswered(event) {
    const form = formOfHtmx(event);
    const isRepeated = event.type === "htmx:error" && !event.detail.ctx;
    if (form && !isRepeated) showRefusal(form, 0, { message: label("unreachable", form) });
  }

  function formOfHtmx({ target }) {
    return target.matches?.("form[data-liveop-form]") ? target : null;
  }

  async function perform(form, button) {
    pendingForms.add(form);
    // Not `disabled`, which would take the focus away from keyboard users.
    button?.setAttribute("aria-disabled", "true");
    try {
      const response = await post(form.getAttribute("action"), {
        body: bodyOf(form, button),
        // For the error of a refusal. A successful answer is empty or has fragments.
        headers: { Accept: "application/json" },
        // Uploads have no time limit.
        signal: hasFiles(form) ? null : AbortSignal.timeout(REQUEST_MAX_MS),
      });
      if (response.ok) untick(form);
      if (!response.ok) showRefusal(form, response.status, await refusalOf(form, response));
      else if (!response.redirected) applyFragments(await response.text());
    } catch {
      showRefusal(form, 0, { message: label("unreachable", form) });
    } finally {
      button?.removeAttribute("aria-disabled");
      pendingForms.delete(form);
    }
  }

  /** Returns the body that the plain form would send. */
  function bodyOf(form, button) {
    const fields = new FormData(form, button);
    return hasFiles(form) ? fields : new URLSearchParams(fields);
  }

  function hasFiles(form) {
    return form.enctype === "multipart/form-data";
  }

  async function refusalOf(form, response) {
    const body = await response.json().catch(() => null);
    return body?.error ?? { message: label("refused", form) };
  }

  /** Shows a refusal. If the message is about another operation, it links to that operation. */
  function showRefusal(form, status, { message, url }) {
    const place =
      form.closest(".liveop")?.querySelector(".op-status") ??
      form.querySelector(".liveops-outcome") ??
      form;
    const paragraph = document.createElement("p");
    paragraph.dataset.level = "error";
    paragraph.dataset.liveopRefusal = "";
    if (place === form) paragraph.setAttribute("role", "alert");
    const words = url ? document.createElement("a") : paragraph;
    words.textContent = message;
    if (url) {
      words.href = url;
      paragraph.append(words);
    }
    place.querySelector("[data-liveop-refusal]")?.remove();
    place.append(paragraph);
    emit(form, "error", { status, message });
  }

  function post(url, { headers, ...options }) {
    headers = { "HX-Request": "true", ...headers };
    return fetch(url, { method: "POST", credentials: "same-origin", headers, ...options });
  }

  // ---------------------------------------------------------------- versions

  // The version of the server, if the version is newer than that of this script.
  let newerVersion;
  // True between the submission of a plain form and the page that answers it.
  let isLeaving = false;

  /** Records the version of the server. A random delay spreads the reloads of pages after a deployment. */
  function noteVersion(version) {
    if (!(version > WIRE_VERSION) || newerVersion) return;
    newerVersion = version;
    document.documentElement.dataset.liveopOutdated = "";
    setTimeout(renewPage, Math.random() * RELOAD_SPREAD_MS);
  }

  /**
   * Reloads the page as soon as the user would lose no input. During a deployment an older process may
   * serve the page again, so the page waits a minute before the next reload.
   */
  function renewPage() {
    const mayReload = hasReloadedLongAgo() && !wouldLose();
    if (!mayReload || !emit(document, "outdated", { wire: newerVersion })) {
      setTimeout(renewPage, RELOAD_RETRY_MS);
      return;
    }
    if (rememberReload()) location.reload();
  }

  function hasReloadedLongAgo() {
    try {
      const waited = Date.now() - Number(sessionStorage.getItem(RELOADED_AT));
      return waited < 0 || waited >= RELOAD_INTERVAL_MS;
    } catch {
      return false;
    }
  }

  /** Returns false if the browser stores no data: the page could then reload without end. */
  function rememberReload() {
    try {
      sessionStorage.setItem(RELOADED_AT, String(Date.now()));
      return true;
    } catch {
      return false;
    }
  }

  /** Returns true if a reload would lose an input of the user or stop a request. */
  function wouldLose() {
    const fields = "input:not([type=hidden]), select, textarea, [contenteditable]";
    return (
      press !== undefined ||
      isLeaving ||
      pendingForms.size > 0 ||
      document.querySelector("dialog[open], [aria-modal=true], .htmx-request") !== null ||
      hasOpenPopover() ||
      [...document.querySelectorAll(fields)].some(isChanged)
    );
  }

  function hasOpenPopover() {
    try {
      return document.querySelector(":popover-open") !== null;
    } catch {
      // The browser does not support popovers.
      return false;
    }
  }

  function isChanged(field) {
    if (field.type === "file") return field.files.length > 0;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.localName === "select" || field.isContentEditable) return editedFields.has(field);
    return field.value !== undefined && field.value !== field.defaultValue;
  }

  /** Records that a plain form leaves the page. Listens last, because a script may prevent the submission. */
  function noteLeaving({ target, submitter, defaultPrevented }) {
    const own = (name) => submitter?.getAttribute(`form${name}`) ?? target.getAttribute(name);
    const staysOpen = own("method")?.toLowerCase() === "dialog" || own("target") === "_blank";
    isLeaving ||= !defaultPrevented && !staysOpen;
  }

  // ---------------------------------------------------------------- page

  const connections = new Map();

  /** Makes the subscriptions match the current document. */
  function reconcile() {
    const shown = new Map();
    for (const element of document.querySelectorAll("[data-liveop-channel][data-liveop-socket]")) {
      const { liveopChannel: channel } = element.dataset;
      if (!shown.has(channel)) shown.set(channel, element);
    }
    for (const [channel, element] of shown) {
      const connection = connectionOf(element);
      if (!connection.subscriptions.has(channel)) logsIn(element).forEach(settle);
      connection.watch(channel, element);
    }
    // Last, so that a change from one channel to the next does not close the socket in between.
    for (const connection of connections.values()) {
      for (const channel of connection.subscriptions.keys()) {
        if (!shown.has(channel)) connection.unwatch(channel);
      }
    }
    localiseTimes(document);
    countDown();
    // Discards the mutations of this function, which has just read the whole document.
    observer.takeRecords();
  }

  function settle(log) {
    dropOldLines(log);
    scrollToBottom(log);
  }

  function connectionOf(element) {
    const url = new URL(element.dataset.liveopSocket, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (!connections.has(url.href)) connections.set(url.href, new Connection(url.href, element));
    return connections.get(url.href);
  }

  function elementOf(channel) {
    return document.querySelector(`[data-liveop-channel="${CSS.escape(channel)}"]`);
  }

  function followVisibility() {
    if (document.hidden) return connections.forEach((connection) => connection.rest());
    connections.forEach((connection) => connection.wake());
    showNewRows(document);
  }

  /** Scrolls an opened log to its bottom. A closed log has no height and cannot scroll. */
  function showNewestLine({ target }) {
    if (target.matches?.(".op-log-box[open], .op-folded[open]")) logsIn(target).forEach(scrollToBottom);
  }

  function showWhatWasClosed({ target }) {
    if (target.matches?.("details[open]")) showNewRows(target);
  }

  function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  const observer = new MutationObserver(reconcile);
  observer.observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("input", ({ target }) => editedFields.add(target));
  document.addEventListener("input", noteTick);
  document.addEventListener("submit", forgetEdits, true);
  document.addEventListener("submit", interceptAction);
  document.addEventListener("click", ({ detail }) => (clickCount = detail), true);
  document.addEventListener("pointerdown", beginPress, true);
  document.addEventListener("pointerup", endPress, true);
  document.addEventListener("pointercancel", endPress, true);
  // A box is ticked when the space bar is released.
  document.addEventListener("keydown", ({ key }) => key === " " && beginPress(), true);
  document.addEventListener("keyup", ({ key }) => key === " " && endPress(), true);
  // The names of htmx 2, and those of htmx 4.
  for (const name of ["htmx:beforeSwap", "htmx:before:swap"]) document.addEventListener(name, showFormError);
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:error"]) {
    document.addEventListener(name, showFormUnanswered);
  }
  document.addEventListener("toggle", showNewestLine, true);
  document.addEventListener("toggle", showWhatWasClosed, true);
  document.addEventListener("visibilitychange", followVisibility);
  window.addEventListener("online", () => connections.forEach((connection) => connection.hurry()));
  // An open socket would keep the page out of the back-forward cache.
  window.addEventListener("pagehide", () => connections.forEach((connection) => connection.disconnect()));
  window.addEventListener("pageshow", ({ persisted }) => {
    isLeaving = false;
    if (persisted) liveops.reconnect();
  });
  window.addEventListener("submit", noteLeaving);
  reconcile();
})();
