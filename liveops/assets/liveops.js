/**
 * liveops.js keeps the operations and lists of a page live.
 *
 * The page is the only configuration: whatever element carries `data-liveop-channel` is watched
 * while it is in the document, over one WebSocket per `data-liveop-socket`. Elements may come and go.
 *
 * `window.liveops`
 *   logLinesMax      lines a log keeps in the page; the oldest go first
 *   labels           texts this script shows; assign to translate
 *   apply(html)      applies fragments (`hx-swap-oob`) as if they had arrived over the socket
 *   reconnect()      opens every connection anew, also those that were given up
 *
 * Events (all bubble)
 *   liveop:update      on the container, after HTML was applied: `{channel, cursor}`
 *   liveop:finished    on the container: `{channel, pk, state, url, success_url}`;
 *                      `preventDefault()` keeps the page from moving to `success_url`
 *   liveop:connection  on the document: `{state, socket}`; connected, reconnecting or offline
 *   liveop:error       on the form of an action that was refused: `{status, message}`
 */
"use strict";

(() => {
  // A boosted or restored page may load the script again; the first one is still at work.
  if (window.liveops) return;

  const liveops = (window.liveops = {
    logLinesMax: 1000,
    labels: {
      connected: "Live",
      reconnecting: "Reconnecting…",
      offline: "Offline",
      refused: "This did not work. Please try again.",
      unreachable: "The server could not be reached. Please try again.",
    },
    apply: applyFragments,
    reconnect: () => connections.forEach((connection) => connection.restart()),
  });

  const RETRY_BASE_MS = 500;
  const RETRY_MAX_MS = 30_000;
  const SILENCE_MAX_MS = 60_000;
  const ACK_INTERVAL_MS = 250;
  const LIST_INTERVAL_MS = 1_000;
  const LIST_RETRY_MS = 5_000;
  const LOG_BOTTOM_TOLERANCE_PX = 24;

  const CLOSE_TOKEN_REFUSED = 4401;
  const CLOSE_TOO_MANY = 4429;
  const CLOSE_FINAL = new Set([1008, 1009, 4403]);

  const TERMINAL_STATES = new Set(["FINISHED_OK", "FINISHED_ERROR", "CANCELLED"]);
  const BUILT_IN_REGIONS = new Set(["status", "progress", "stages", "log", "result", "controls"]);
  const ROW_REGIONS = new Set(["row-state", "row-status"]);
  const REGION_ID = /^op-(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

  // ---------------------------------------------------------------- fragments

  /** Applies every top-level fragment of `html` and returns the ids that were addressed. */
  function applyFragments(html) {
    return [...parse(html).children].map(applyFragment);
  }

  /** Scripts parsed this way never run, whatever the page's CSP says. */
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

  /** Custom regions need no place in the template: the first fragment makes one. */
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
    // What a snapshot repeats is left alone, and with it whatever the reader does there.
    if (target.isEqualNode(fragment)) return;
    inheritConnection(target, fragment);
    logsIn(fragment).forEach(dropOldLines);
    const restoreUse = rememberUse(target);
    target.replaceWith(fragment);
    restoreUse(fragment);
    adoptState(fragment);
    activate(fragment);
  }

  /** An htmx that comes later goes through the whole page by itself. */
  function activate(element) {
    window.htmx?.process(element);
  }

  /** A published container is the same for all viewers, so what is the viewer's own moves over. */
  function inheritConnection(target, fragment) {
    if (!fragment.dataset.liveopChannel) return;
    const names = ["liveopSocket", "liveopTokens"];
    if (fragment.dataset.liveopChannel === target.dataset.liveopChannel) {
      names.push("liveopToken", "liveopCursor");
    }
    for (const name of names) {
      if (name in target.dataset && !(name in fragment.dataset)) {
        fragment.dataset[name] = target.dataset[name];
      }
    }
  }

  /** A region may carry `data-liveop-state` to move its container along. */
  function adoptState(fragment) {
    const container = fragment.closest(".liveop");
    const { liveopState } = fragment.dataset;
    if (container && liveopState) container.dataset.liveopState = liveopState;
  }

  /** Children with an id the page already has are skipped, so a replayed line never shows twice. */
  function append(target, fragment) {
    const fresh = [...fragment.children].filter((child) => !document.getElementById(child.id));
    if (target.matches(".op-log")) appendLines(target, fresh);
    else target.append(...fresh);
    for (const child of fresh) if (child.isConnected) activate(child);
  }

  /** Lines are numbered, so one that was shown and has gone again is not taken for a new one. */
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
   * Replaces all of a progress region but its bar, which stays in the document: a new element
   * would jump to its value instead of gliding there, and start its animation over.
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

  // ---------------------------------------------------------------- what the reader was doing

  const editedFields = new WeakSet();

  /** What was sent is done with: the answer may well be an empty form. */
  function forgetEdits({ target: form }) {
    for (const field of form.elements) editedFields.delete(field);
  }

  /** Notes focus, typed values, selection and scroll inside `root`; the returned function restores them. */
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

  /** Elements are found again by id, else as the n-th of their tag and name. */
  function addressOf(element, root) {
    const name = element.getAttribute("name");
    const selector = element.localName + (name ? `[name="${CSS.escape(name)}"]` : "");
    return { id: element.id, selector, index: matching(selector, root).indexOf(element) };
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
    // Null for the types that have no caret, which also refuse setSelectionRange.
    if (from.selectionStart != null) {
      to.setSelectionRange(from.selectionStart, from.selectionEnd, from.selectionDirection);
    }
  }

  /** When the focused control is gone, its container takes the focus: the reader keeps their place. */
  function focusQuietly(element, replacement) {
    const next = element ?? replacement.closest(".liveop, [data-liveop-list]");
    if (!next) return;
    if (!element && next.tabIndex < 0) next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }

  function rememberScroll(element) {
    if (element.matches(".op-log")) return rememberLogScroll(element);
    const { scrollTop, scrollLeft } = element;
    return (after) => after && Object.assign(after, { scrollTop, scrollLeft });
  }

  /** Text stays selected where it still stands; its place is counted in characters of the region. */
  function rememberSelection(root) {
    const selection = document.getSelection();
    const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
    const isInside = root.contains(anchorNode) && root.contains(focusNode);
    // What is selected inside a field looks collapsed from here.
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

  /** The text node and the offset in it that lie `count` characters into `root`. */
  function pointAfter(root, count) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (count <= node.length) return [node, count];
      count -= node.length;
    }
    return null;
  }

  /** A log at its bottom stays there; one scrolled up keeps showing the same lines. */
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

  /** The title is the full date and marks the element as done. */
  function localiseTimes() {
    const times = ":is(.op-log, [data-liveop-list]) time[datetime]:not([title])";
    for (const time of document.querySelectorAll(times)) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = moment.toLocaleString();
      time.textContent = time.closest(".op-log")
        ? moment.toLocaleTimeString()
        : moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    }
  }

  // ---------------------------------------------------------------- connection

  /** One watched channel: the element that shows it and the place it has reached. */
  class Subscription {
    constructor(channel, element) {
      this.channel = channel;
      this.element = element;
      this.token = element.dataset.liveopToken;
      this.cursor = element.dataset.liveopCursor;
      this.finished = TERMINAL_STATES.has(element.dataset.liveopState);
      // Set when the server no longer issues a token for the channel.
      this.abandoned = false;
    }

    /** The element may have been replaced by the fragment just applied. */
    get view() {
      return elementOf(this.channel) ?? this.element;
    }

    advance(cursor) {
      if (!cursor) return;
      this.cursor = cursor;
      this.view.dataset.liveopCursor = cursor;
    }
  }

  /** One WebSocket with everything it carries; survives its sockets. */
  class Connection {
    subscriptions = new Map();
    acks = new Map();
    socket = null;
    // Identifies the attempt under way, so that one overtaken while it awaits tokens stops.
    attempt = null;
    failures = 0;
    heldUntil = 0;
    heardAt = 0;
    needsTokens = false;
    // Null until the first outcome: a page that just loaded is not "reconnecting".
    state = null;

    constructor(url, tokensUrl) {
      this.url = url;
      this.tokensUrl = tokensUrl;
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
      this.subscriptions.set(subscription.channel, subscription);
      this.needsTokens ||= !subscription.token;
      if (this.state === "offline" || (this.isOpen && this.needsTokens)) this.restart();
      else if (this.isOpen) this.subscribe(subscription);
      else if (!this.attempt) this.connect();
    }

    unwatch(channel) {
      this.subscriptions.delete(channel);
      this.acks.delete(channel);
      if (this.subscriptions.size > 0) this.send({ type: "unsubscribe", channel });
      else this.disconnect();
    }

    get wanted() {
      return [...this.subscriptions.values()].filter(({ abandoned }) => !abandoned);
    }

    subscribe({ token, cursor }) {
      this.send({ type: "subscribe", token, ...(cursor && { since: cursor }) });
    }

    // -- life of a socket

    get isOpen() {
      return this.socket?.readyState === WebSocket.OPEN;
    }

    async connect() {
      this.disconnect();
      const attempt = (this.attempt = Symbol("attempt"));
      const ready = !this.needsTokens || (await this.refreshTokens());
      if (this.attempt !== attempt) return;
      if (ready) this.open();
      else this.reconnectLater();
    }

    open() {
      if (this.wanted.length === 0) return this.giveUp();
      const socket = (this.socket = new WebSocket(this.url));
      socket.onopen = () => this.wanted.forEach((subscription) => this.subscribe(subscription));
      socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
      socket.onclose = ({ code }) => this.closed(code);
      this.heard();
    }

    /** Lets go of the socket at once: closing a half-open one can take minutes. */
    disconnect() {
      clearTimeout(this.retryTimer);
      clearTimeout(this.silenceTimer);
      clearTimeout(this.ackTimer);
      this.ackTimer = undefined;
      this.acks.clear();
      this.attempt = null;
      const { socket } = this;
      this.socket = null;
      if (!socket) return;
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }

    closed(code) {
      if (CLOSE_FINAL.has(code)) return this.giveUp();
      if (code === CLOSE_TOKEN_REFUSED) this.needsTokens = true;
      if (code === CLOSE_TOO_MANY) this.heldUntil = Date.now() + RETRY_MAX_MS;
      this.reconnectLater();
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

    /** The network is back or the reader is: no reason to wait any longer. */
    wake() {
      if (this.subscriptions.size === 0 || this.state === "offline") return;
      const silent = Date.now() - this.heardAt > SILENCE_MAX_MS;
      if ((!this.socket || silent) && Date.now() >= this.heldUntil) this.connect();
    }

    restart() {
      if (this.subscriptions.size === 0) return;
      this.failures = 0;
      if (this.state === "offline") this.show("reconnecting");
      this.connect();
    }

    giveUp() {
      this.disconnect();
      this.show("offline");
    }

    heard() {
      this.heardAt = Date.now();
      clearTimeout(this.silenceTimer);
      this.silenceTimer = setTimeout(() => this.reconnectLater(), SILENCE_MAX_MS);
    }

    show(state) {
      if (this.state === state) return;
      this.state = state;
      for (const { view } of this.subscriptions.values()) showConnection(view, state);
      emit(document, "connection", { state, socket: this.url });
    }

    // -- tokens

    /** False when it is worth another try; a refusal abandons the channels it concerns. */
    async refreshTokens() {
      const channels = this.wanted.map(({ channel }) => channel);
      let tokens = {};
      try {
        const response = await post(this.tokensUrl, JSON.stringify({ channels }), "application/json");
        if (response.status >= 500 || response.status === 429) return false;
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
      subscription.abandoned = !token;
      if (!token) return;
      subscription.token = token;
      subscription.view.dataset.liveopToken = token;
    }

    // -- messages

    send(message) {
      if (this.isOpen) this.socket.send(JSON.stringify(message));
    }

    receive(message) {
      this.heard();
      switch (message.type) {
        case "chat_message":
          return this.receiveFrame(message);
        case "subscribed":
          return this.receiveSubscribed(message);
        case "ping":
          return this.send({ type: "pong" });
        case "error":
          // The close that follows may lose its code on the way through a proxy.
          this.needsTokens ||= message.code === CLOSE_TOKEN_REFUSED;
      }
    }

    receiveSubscribed({ channel, cursor, catch_up: catchUp }) {
      this.failures = 0;
      this.show("connected");
      const subscription = this.subscriptions.get(channel);
      if (!subscription) return;
      const isList = listsOf(channel).length > 0;
      // Otherwise the frames that lead up to the cursor bring it; taking it before they are here
      // would skip them if the socket died in between. A list is fetched whole instead.
      if (isList || catchUp === "up_to_date") subscription.advance(cursor);
      if (catchUp !== "up_to_date") refreshLists(channel);
    }

    receiveFrame(message) {
      const subscription = this.subscriptions.get(message.channel);
      // A frame of a channel just left is still on its way.
      if (!subscription) return;
      if (message.liveop_html) {
        followState(subscription, applyFragments(message.liveop_html));
      }
      if (message.liveop_chain) return this.follow(message.liveop_chain, subscription);
      subscription.advance(message.cursor);
      this.acknowledge(message);
      if (message.liveop_html) emitUpdate(subscription);
      if (message.liveop_finished) finish(subscription, message.liveop_finished);
      if (message.liveop_list_changed) refreshLists(message.channel);
    }

    /** The container of the next operation is in place; its token makes it a live one. */
    follow({ channel, token, url }, previous) {
      const container = elementOf(channel);
      if (!container) {
        if (url && previous.view.isConnected) location.assign(url);
        return;
      }
      container.dataset.liveopToken = token;
      delete container.dataset.liveopCursor;
      reconcile();
      const subscription = this.subscriptions.get(channel);
      if (subscription) emitUpdate(subscription);
    }

    acknowledge({ channel, cursor }) {
      if (!cursor) return;
      this.acks.set(channel, cursor);
      this.ackTimer ??= setTimeout(() => this.flushAcks(), ACK_INTERVAL_MS);
    }

    flushAcks() {
      this.ackTimer = undefined;
      for (const [channel, cursor] of this.acks) this.send({ type: "ack", channel, cursor });
      this.acks.clear();
    }
  }

  // ---------------------------------------------------------------- operations

  /**
   * No frame names the state of a run that starts, or starts over; its regions show it: a stage is
   * active, or Cancel is offered again.
   */
  function followState(subscription, ids) {
    const { view } = subscription;
    const state = view.dataset.liveopState;
    const outlineChanged = ids.some((id) => /^op-(stages|controls)-/.test(id ?? ""));
    const started =
      state === "NOT_STARTED"
        ? view.querySelector('.op-stage[data-state="active"]')
        : TERMINAL_STATES.has(state) && view.querySelector('.op-controls form[action$="/cancel"]');
    if (outlineChanged && started) view.dataset.liveopState = "STARTED";
    if (!TERMINAL_STATES.has(view.dataset.liveopState)) subscription.finished = false;
  }

  /** Told again after a reconnect, an end the page already shows changes nothing. */
  function finish(subscription, outcome) {
    if (subscription.finished) return;
    const { view, channel } = subscription;
    subscription.finished = true;
    view.dataset.liveopState = outcome.state;
    const stay = !emit(view, "finished", { channel, ...outcome });
    if (!stay && typeof outcome.success_url === "string") location.assign(outcome.success_url);
  }

  function showConnection(element, state) {
    const indicator = element.querySelector(".op-connection");
    if (!indicator || !state) return;
    indicator.dataset.connection = state;
    indicator.title = liveops.labels[state];
    indicator.setAttribute("aria-label", liveops.labels[state]);
    indicator.hidden = false;
  }

  function emitUpdate({ view, channel, cursor }) {
    emit(view, "update", { channel, cursor });
  }

  /** False when a listener prevented the default. */
  function emit(target, name, detail) {
    const cancelable = name === "finished";
    return target.dispatchEvent(new CustomEvent(`liveop:${name}`, { detail, cancelable, bubbles: true }));
  }

  // ---------------------------------------------------------------- lists

  /** Fetches a list anew: at most once a second, never while hidden, and always after the last change. */
  class List {
    stale = false;
    busy = false;

    constructor(element) {
      this.element = element;
    }

    async refresh() {
      if (!this.stale || this.busy || document.hidden || !this.element.isConnected) return;
      this.stale = false;
      this.busy = true;
      const pause = sleep(LIST_INTERVAL_MS);
      const loaded = await this.load();
      this.stale ||= !loaded;
      await (loaded ? pause : sleep(LIST_RETRY_MS));
      this.busy = false;
      this.refresh();
    }

    /** False when it is worth another try. A sign-in page is not a list, so redirects are ignored. */
    async load() {
      try {
        const response = await fetch(this.element.dataset.liveopList, {
          headers: { "HX-Request": "true" },
          credentials: "same-origin",
        });
        if (response.ok && !response.redirected) this.show(await response.text());
        return response.status < 500;
      } catch {
        return false;
      }
    }

    show(html) {
      const content = parse(html);
      const rows = content.querySelector("[data-liveop-list]") ?? content;
      const restoreUse = rememberUse(this.element);
      this.element.replaceChildren(...rows.childNodes);
      restoreUse(this.element);
      activate(this.element);
    }
  }

  const lists = new WeakMap();

  function listsOf(channel) {
    return document.querySelectorAll(`[data-liveop-list][data-liveop-channel="${CSS.escape(channel)}"]`);
  }

  function refreshLists(channel) {
    for (const element of listsOf(channel)) {
      if (!lists.has(element)) lists.set(element, new List(element));
      const list = lists.get(element);
      list.stale = true;
      list.refresh();
    }
  }

  // ---------------------------------------------------------------- actions

  const pendingForms = new WeakSet();

  /** htmx may have taken the form already; then the default is prevented. */
  function interceptAction(event) {
    const form = event.target;
    if (!form.matches("form[data-liveop-action]") || event.defaultPrevented) return;
    event.preventDefault();
    if (!pendingForms.has(form)) perform(form, event.submitter);
  }

  async function perform(form, button) {
    pendingForms.add(form);
    // Not `disabled`: that would take the focus away from whoever uses the keyboard.
    button?.setAttribute("aria-disabled", "true");
    try {
      const response = await post(form.getAttribute("action"), bodyOf(form, button));
      if (!response.ok) showRefusal(form, await messageOf(response), response.status);
    } catch {
      showRefusal(form, liveops.labels.unreachable, 0);
    } finally {
      button?.removeAttribute("aria-disabled");
      pendingForms.delete(form);
    }
  }

  /** The same body the plain form would send. */
  function bodyOf(form, button) {
    const fields = new FormData(form, button);
    return form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
  }

  async function messageOf(response) {
    const body = await response.json().catch(() => null);
    return body?.error?.message ?? liveops.labels.refused;
  }

  function showRefusal(form, message, status) {
    const place = form.closest(".liveop")?.querySelector(".op-status") ?? form;
    const paragraph = document.createElement("p");
    paragraph.dataset.level = "error";
    paragraph.dataset.liveopRefusal = "";
    paragraph.textContent = message;
    place.querySelector("[data-liveop-refusal]")?.remove();
    place.append(paragraph);
    emit(form, "error", { status, message });
  }

  function post(url, body, contentType) {
    const headers = { "HX-Request": "true", ...(contentType && { "Content-Type": contentType }) };
    return fetch(url, { method: "POST", credentials: "same-origin", headers, body });
  }

  // ---------------------------------------------------------------- the page

  const connections = new Map();

  /** Makes subscriptions match what the document shows now. */
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
    // Last, so that moving from one channel to the next does not close the socket in between.
    for (const connection of connections.values()) {
      for (const channel of connection.subscriptions.keys()) {
        if (!shown.has(channel)) connection.unwatch(channel);
      }
    }
    localiseTimes();
    // Only this function's own changes are left in the queue: it has just read the whole document.
    observer.takeRecords();
  }

  function settle(log) {
    dropOldLines(log);
    scrollToBottom(log);
  }

  function connectionOf(element) {
    const url = new URL(element.dataset.liveopSocket, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (!connections.has(url.href)) {
      connections.set(url.href, new Connection(url.href, element.dataset.liveopTokens));
    }
    return connections.get(url.href);
  }

  function elementOf(channel) {
    return document.querySelector(`[data-liveop-channel="${CSS.escape(channel)}"]`);
  }

  function wakeAll() {
    if (document.hidden) return;
    connections.forEach((connection) => connection.wake());
    document.querySelectorAll("[data-liveop-list]").forEach((element) => lists.get(element)?.refresh());
  }

  /** While its box was closed a log had no height and could not follow. */
  function showNewestLine({ target }) {
    if (target.matches?.(".op-log-box[open]")) logsIn(target).forEach(scrollToBottom);
  }

  function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  const observer = new MutationObserver(reconcile);
  observer.observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("input", ({ target }) => editedFields.add(target));
  document.addEventListener("submit", forgetEdits, true);
  document.addEventListener("submit", interceptAction);
  document.addEventListener("toggle", showNewestLine, true);
  document.addEventListener("visibilitychange", wakeAll);
  window.addEventListener("online", wakeAll);
  // An open socket would keep the page out of the back-forward cache.
  window.addEventListener("pagehide", () => connections.forEach((connection) => connection.disconnect()));
  window.addEventListener("pageshow", ({ persisted }) => persisted && liveops.reconnect());
  reconcile();
})();
