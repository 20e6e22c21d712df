// The list of exchanges: a grid of which one row is focused, and the focused one is selected.

import { byId, el, visible } from "./dom.js";
import { clock, duration, plural, size } from "./format.js";

export class List {
  #rows = new Map();
  #body = byId("rows");
  #place = byId("list");
  #filter = byId("filter");
  #selected = null;
  #onSelect;

  /** @param onSelect called with an exchange, or null */
  constructor(onSelect) {
    this.#onSelect = onSelect;
    this.#body.addEventListener("click", (event) => this.#pick(event.target.closest("tr")));
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    // Only one row is on the way of the tab key; coming there is not yet choosing it.
    this.#filter.addEventListener("input", () => this.#applyFilter());
    this.#filter.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") {
        this.#focus(this.#shown()[0]);
        event.preventDefault();
      } else if (event.key === "Escape") {
        this.#filter.value = "";
        this.#applyFilter();
      }
    });
    setInterval(() => this.#tick(), 1000);
  }

  // What is in it

  static key = (exchange) => `${exchange.worker}.${exchange.id}`;

  update(exchanges) {
    const isAtEnd = this.#place.scrollHeight - this.#place.scrollTop - this.#place.clientHeight < 40;
    for (const exchange of exchanges) {
      const row = this.#rows.get(List.key(exchange)) ?? this.#add(exchange);
      row.exchange = exchange;
      this.#fill(row);
    }
    this.#count();
    if (isAtEnd) this.#place.scrollTop = this.#place.scrollHeight;
  }

  get(key) {
    return this.#rows.get(key)?.exchange;
  }

  get all() {
    return [...this.#rows.values()].map((row) => row.exchange);
  }

  /** Takes out those that the condition names. */
  remove(condition) {
    for (const [key, row] of this.#rows) {
      if (!condition(row.exchange)) continue;
      if (key === this.#selected) this.select(null);
      row.element.remove();
      this.#rows.delete(key);
    }
    this.#rove();
    this.#count();
  }

  #add(exchange) {
    const cell = (name) => el("td", { class: name });
    const cells = ["status", "method", "target", "handler", "caller", "sent", "received", "duration", "start"].map(cell);
    const element = el("tr", { tabindex: "-1", "aria-selected": "false", dataset: { key: List.key(exchange) } }, ...cells);
    const row = { element, cells };
    this.#rows.set(List.key(exchange), row);
    this.#body.append(element);
    if (!this.#body.querySelector('[tabindex="0"]')) element.tabIndex = 0;
    return row;
  }

  #fill(row) {
    const { exchange, cells, element } = row;
    const [status, method, target, handler, caller, sent, received, time, start] = cells;
    element.className = [exchange.state, exchange.isStale ? "stale" : "", tone(exchange)].join(" ");
    status.replaceChildren(el("span", { class: "lamp", "aria-hidden": "true" }), statusText(exchange));
    status.title = visible(exchange.failure ?? "");
    method.textContent = exchange.method;
    const marks = [
      exchange.replayOf ? el("span", { class: "mark", title: `sent again from number ${exchange.replayOf}` }, "replay") : null,
      exchange.upgraded ? el("span", { class: "mark" }, "raw") : null,
      exchange.errors ? el("span", { class: "mark bad" }, plural(exchange.errors, "error")) : null,
    ].filter(Boolean);
    target.replaceChildren(el("div", {}, el("span", { class: "text" }, visible(shortened(exchange.target))), ...marks));
    target.title = visible(exchange.target);
    handler.textContent = visible(fileName(exchange.handler));
    handler.title = exchange.handler ? `${visible(exchange.handler)}, version ${exchange.version}` : "";
    caller.replaceChildren(visible(callerText(exchange)), exchange.pid ? el("span", { class: "pid" }, String(exchange.pid)) : "");
    sent.textContent = exchange.sent ? size(exchange.sent) : "";
    received.textContent = exchange.received ? size(exchange.received) : "";
    this.#fillTime(row);
    start.textContent = clock(exchange.time);
    row.words = [exchange.method, exchange.target, exchange.status, exchange.state, exchange.caller, exchange.pid, exchange.handler, exchange.type,
      exchange.errors ? "error" : "", exchange.replayOf ? "replay" : "", exchange.upgraded ? "raw" : ""].join(" ").toLowerCase();
    element.hidden = !this.#matches(row);
    time.classList.toggle("live", !isOver(exchange));
  }

  #fillTime({ exchange, cells }) {
    const ms = exchange.duration ?? (isOver(exchange) ? null : Math.max(Date.now() - exchange.time, 0));
    cells[7].textContent = ms === null ? "" : duration(ms);
  }

  /** The time of what is under way goes on. */
  #tick() {
    for (const row of this.#rows.values()) if (!isOver(row.exchange)) this.#fillTime(row);
  }

  // Filtering

  #matches(row) {
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "!");
    return words.every((word) => (word.startsWith("!") ? !row.words.includes(word.slice(1)) : row.words.includes(word)));
  }

  #applyFilter() {
    for (const row of this.#rows.values()) row.element.hidden = !this.#matches(row);
    this.#rove();
    this.#count();
  }

  #count() {
    const shown = this.#shown().length;
    const all = this.#rows.size;
    byId("count").textContent = shown === all ? plural(all, "exchange") : `${shown} of ${all}`;
    byId("empty").hidden = all > 0;
  }

  #shown() {
    return [...this.#body.children].filter((element) => !element.hidden);
  }

  // Choosing

  #key(event) {
    const shown = this.#shown();
    const index = shown.indexOf(event.target.closest("tr"));
    const page = Math.max(Math.floor(this.#place.clientHeight / 26) - 2, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown.length, End: shown.length };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) {
      const next = shown[Math.min(Math.max(index + steps[event.key], 0), shown.length - 1)];
      this.#focus(next);
      this.#pick(next);
    } else if (event.key === "Enter" || event.key === " ") {
      this.#pick(shown[index], true);
    } else {
      return;
    }
    event.preventDefault();
  }

  #focus(element) {
    if (!element) return;
    for (const other of this.#body.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    element.tabIndex = 0;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  }

  #pick(element, isEntered = false) {
    if (!element) return;
    this.#focus(element);
    this.select(element.dataset.key, isEntered);
  }

  /** @param isEntered the keyboard goes on into what is shown */
  select(key, isEntered = false) {
    this.#rows.get(this.#selected)?.element.setAttribute("aria-selected", "false");
    this.#selected = key;
    const row = this.#rows.get(key);
    row?.element.setAttribute("aria-selected", "true");
    row?.element.scrollIntoView({ block: "nearest" });
    this.#onSelect(row?.exchange ?? null, isEntered);
  }

  get selected() {
    return this.#selected;
  }

  /** Takes the keyboard back to the selected row, or to the first. */
  refocus() {
    this.#focus(this.#rows.get(this.#selected)?.element ?? this.#shown()[0]);
  }

  /** Sees to it that a row that is shown can be come to. */
  #rove() {
    const current = this.#body.querySelector('[tabindex="0"]');
    if (current && !current.hidden) return;
    if (current) current.tabIndex = -1;
    const first = this.#shown()[0];
    if (first) first.tabIndex = 0;
  }
}

export const isOver = (exchange) => exchange.state !== "waiting" && exchange.state !== "answering";

export function statusText(exchange) {
  if (exchange.state === "waiting") return "wait";
  if (exchange.status) return String(exchange.status);
  return exchange.state === "left" ? "left" : "none";
}

export function tone(exchange) {
  if (exchange.state === "broken" || exchange.status >= 500) return "bad";
  if (exchange.status >= 400 || exchange.state === "left") return "poor";
  return exchange.status ? "good" : "plain";
}

/** With Docker's long ids as its commands print them. */
const shortened = (target) => target.replace(/(?<![0-9a-f])([0-9a-f]{12})[0-9a-f]{52}(?![0-9a-f])/g, "$1\u2026");

export const fileName = (path) => (path === undefined ? "" : path.includes("://") ? path : path.split("/").at(-1));

export const callerText = (exchange) => exchange.caller ?? (exchange.pid ? "gone" : "");
