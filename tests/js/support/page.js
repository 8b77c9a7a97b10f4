// A page with the real liveops.js in jsdom. Sockets, streams, requests and the clock are fakes that
// each test controls, so that no test waits.
import assert from "node:assert/strict";
import FakeTimers from "@sinonjs/fake-timers";
import { JSDOM, VirtualConsole } from "jsdom";
import { bundle } from "../bundle.js";
import { fakeSocket } from "./socket.js";
import { fakeStream } from "./stream.js";

const SCRIPT = bundle({ minify: false })["liveops.js"];

export const ONE = "01890a5d-ac96-774b-bcce-b302099a8057";
export const TWO = "01890a5d-ac96-774b-bcce-b302099a8058";
export const THREE = "01890a5d-ac96-774b-bcce-b302099a8059";

const open = [];

/** Opens a page at `path` with `body` in it; `script: false` leaves liveops.js to `page.load()`. */
export async function openPage(body = container(), { script = true, path = "/live/", title = "" } = {}) {
  const page = new Page(body, path, title);
  open.push(page);
  if (script) page.load();
  await page.settle();
  return page;
}

/** Closes all pages, for `afterEach`, and checks that none of their scripts has thrown. */
export function closePages() {
  const errors = open.flatMap((page) => page.errors);
  for (const page of open.splice(0)) page.window.close();
  assert.deepEqual(errors, []);
}

/** Returns a fake ResizeObserver class. */
function resizeObserver(page) {
  return class {
    targets = new Set();

    constructor(report) {
      this.report = report;
      page.resizeObservers.push(this);
    }

    observe(target) {
      this.targets.add(target);
    }
  };
}

class Page {
  sockets = [];
  resizeObservers = [];
  streams = [];
  requests = [];
  errors = [];
  navigations = 0;
  // The answers to requests by path, each a function of the request.
  answers = { "/live/token": grantAll };

  constructor(body, path, title) {
    const virtualConsole = new VirtualConsole();
    virtualConsole.on("jsdomError", (error) => this.note(error));
    this.dom = new JSDOM(`<!DOCTYPE html><title>${title}</title><body>${body}</body>`, {
      url: `https://example.test${path}`,
      runScripts: "outside-only",
      // jsdom otherwise hides the page.
      pretendToBeVisual: true,
      virtualConsole,
    });
    this.window = this.dom.window;
    this.document = this.window.document;
    this.clock = FakeTimers.withGlobal(this.window).install({ now: Date.UTC(2030, 0, 1) });
    Object.assign(this.window, {
      CSS: { escape },
      WebSocket: fakeSocket(this),
      EventSource: fakeStream(this),
      ResizeObserver: resizeObserver(this),
      fetch: (url, options) => this.answer(new URL(url, this.window.location.href), options),
    });
    // jsdom's own uses the clock of the machine.
    this.window.AbortSignal.timeout = (ms) => {
      const controller = new this.window.AbortController();
      this.window.setTimeout(() => controller.abort(), ms);
      return controller.signal;
    };
  }

  load() {
    this.window.eval(SCRIPT);
  }

  note(error) {
    if (error.type === "not implemented" && /navigation/.test(error.message)) this.navigations += 1;
    else this.errors.push(error.detail?.stack ?? error.stack ?? error.message);
  }

  /** Advances the clock, and runs the continuations that become ready. */
  async pass(ms) {
    await this.clock.tickAsync(ms);
  }

  /** Runs the next animation frame. */
  draw() {
    this.clock.runToFrame();
  }

  /** Runs everything that is due now. */
  async settle() {
    await this.pass(0);
  }

  /** Sets the result of `Math.random`. */
  roll(value) {
    this.window.Math.random = () => value;
  }

  async answer(url, options = {}) {
    const request = { path: url.pathname, ...options };
    this.requests.push(request);
    const answer = this.answers[url.pathname];
    if (!answer) throw new TypeError("Failed to fetch");
    return answer(request);
  }

  requestsTo(path) {
    return this.requests.filter((request) => request.path === path);
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The stream of a channel that is open now. */
  stream(part) {
    return this.openStreams.find(({ url }) => url.pathname.includes(part));
  }

  get openStreams() {
    return this.streams.filter(({ readyState }) => readyState !== 2);
  }

  find(selector) {
    return this.document.querySelector(selector);
  }

  region(name, id = ONE) {
    return this.document.getElementById(`op-${name}-${id}`);
  }

  container(id = ONE) {
    return this.document.getElementById(`op-${id}`);
  }

  /** Returns the state that the indicator of an operation shows. */
  connection(id = ONE) {
    return this.container(id).querySelector(".op-connection").dataset.connection;
  }

  /** Opens the socket and answers every subscription: the channel is followed. */
  async connect(cursor = "1.0a:5") {
    this.socket.accept();
    for (const { type, token } of this.socket.sent) {
      if (type === "subscribe") this.socket.subscribed(channelOf(token), cursor);
    }
    await this.settle();
  }

  /** Collects the events of a name. */
  listen(name) {
    const events = [];
    this.document.addEventListener(name, (event) => events.push(event));
    return events;
  }

  hide() {
    this.showAs(true);
  }

  show() {
    this.showAs(false);
  }

  showAs(hidden) {
    Object.defineProperty(this.document, "hidden", { configurable: true, value: hidden });
    this.document.dispatchEvent(new this.window.Event("visibilitychange"));
  }

  /** Reports that an element has another size. */
  resize(target) {
    const observers = this.resizeObservers.filter(({ targets }) => targets.has(target));
    for (const { report } of observers) report([{ target }]);
  }

  /** Reports that the reader has scrolled an element. */
  scroll(element, scrollTop) {
    element.scrollTop = scrollTop;
    element.dispatchEvent(new this.window.Event("scroll"));
  }

  /** Reports that the network is back. */
  comeOnline() {
    this.window.dispatchEvent(new this.window.Event("online"));
  }

  leave() {
    this.window.dispatchEvent(new this.window.Event("pagehide"));
  }

  comeBack() {
    const event = new this.window.Event("pageshow");
    event.persisted = true;
    this.window.dispatchEvent(event);
  }
}

/** As the server renders one. */
export function container({
  id = ONE,
  state = "STARTED",
  token = `token-of-${channel(id)}`,
  cursor = "1.0a:5",
  replaces,
  log = "",
  events = true,
  labels,
  lang,
  title,
} = {}) {
  const attribute = (name, value) => (value == null ? "" : ` ${name}="${value}"`);
  const region = (name, content = "") =>
    `<div id="op-${name}-${id}" class="op-${name}">${content}</div>`;
  return `<live-operation id="op-${id}" class="liveop"
    ${attribute("hx-swap-oob", replaces && `outerHTML:#op-${replaces}`)}
    data-liveop-channel="${channel(id)}" data-liveop-state="${state}"
    ${attribute("data-liveop-token", token)}${attribute("data-liveop-cursor", cursor)}
    ${attribute("data-liveop-events", events ? `/live/demo.task/${id}/events` : null)}
    data-liveop-socket="/live/ws" data-liveop-tokens="/live/token" data-liveop-keepalive="25"
    ${attribute("data-liveop-title", title)}
    ${attribute("lang", lang)}${labels ? ` data-liveop-labels='${labels}'` : ""}>
    <header class="op-head"><span class="op-connection" role="img" hidden></span>${region("controls")}</header>
    ${region("stages")}${region("status", "<p>Running</p>")}${region("progress")}
    <div id="op-regions-${id}" class="op-regions"></div>${region("result")}
    <details class="op-log-box" open>${region("log", log)}</details>
  </live-operation>`;
}

/** What is published when the operation of a page hands over to `id`: the same for all viewers. */
export function nextContainer(id, replaces, title) {
  return container({ id, replaces, title, token: null, cursor: null, state: "NOT_STARTED" });
}

/** The sections of a page that belong to one viewer. */
export function sections(id = ONE, content = "") {
  const details = `<div data-liveop-list="/live/demo.task/${id}/details" data-liveop-channel="${channel(id)}">${content}</div>`;
  return `<div class="op-sections"><details><summary>Details</summary>${details}</details></div>`;
}

export function list(rows = "") {
  return `<live-list id="liveops-list" data-liveop-list="/live/" data-liveop-channel="liveops.owner.ann"
    data-liveop-token="token-of-liveops.owner.ann" data-liveop-socket="/live/ws"
    data-liveop-tokens="/live/token" data-liveop-events="/live/events" data-liveop-keepalive="25"
    >${rows}</live-list>`;
}

export function channel(id = ONE) {
  return `liveop.${id}`;
}

/** The tokens of these pages name their channel. */
export function channelOf(token) {
  return token.replace(/^(fresh-)?token-of-/, "");
}

export function logLine(number, id = ONE) {
  return `<div id="op-log-${id}-${number}" class="op-log-line">line ${number}</div>`;
}

export function logLines(first, last, id = ONE) {
  return Array.from({ length: last - first + 1 }, (_, at) => logLine(first + at, id)).join("");
}

export function replacement(name, content, id = ONE) {
  return `<div id="op-${name}-${id}" class="op-${name}" hx-swap-oob="true">${content}</div>`;
}

export function addition(name, content, id = ONE) {
  return `<div hx-swap-oob="beforeend:#op-${name}-${id}">${content}</div>`;
}

/** All custom regions of an operation, as a snapshot has them. */
export function snapshot(regions, id = ONE) {
  const elements = Object.entries(regions).map(
    ([name, content]) => `<div id="op-${name}-${id}" class="op-region">${content}</div>`,
  );
  return `<div id="op-regions-${id}" class="op-regions" hx-swap-oob="true">${elements.join("")}</div>`;
}

export function json(value) {
  return { ok: true, status: 200, redirected: false, json: async () => value };
}

export function refusal(status) {
  return { ok: false, status, redirected: false, json: async () => ({}), text: async () => "" };
}

export function html(text) {
  return { ok: true, status: 200, redirected: false, text: async () => text };
}

/** A request that is never answered, until it is aborted. */
export function silence({ signal }) {
  return new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(new Error("aborted"))),
  );
}

export function grantAll({ body }) {
  return grantOnly(...JSON.parse(body).channels)();
}

export function grantOnly(...channels) {
  const tokens = Object.fromEntries(channels.map((name) => [name, `fresh-token-of-${name}`]));
  return () => json({ tokens });
}

/** CSS.escape, as far as ids and channels need it. */
function escape(text) {
  return text
    .replace(/^\d/, (digit) => `\\3${digit} `)
    .replace(/[^\w\\ -]/g, (sign) => `\\${sign}`);
}
