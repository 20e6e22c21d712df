// All of one exchange: a head with what can be done, and tabs.

import { body, conversation, decoded } from "./body.js";
import { curl } from "./curl.js";
import { byId, el, toast, visible } from "./dom.js";
import { clock, duration, plural, size } from "./format.js";
import { callerText, statusText, tone } from "./list.js";

export class Detail {
  #place = byId("detail");
  #exchange = null;
  #tab = "overview";
  #panel = null;
  #actions;

  /** @param actions `{ replay(exchange), close() }` */
  constructor(actions) {
    this.#actions = actions;
    this.#place.addEventListener("keydown", (event) => {
      if (event.key === "Escape") actions.close();
    });
  }

  hide() {
    this.#exchange = null;
    this.#place.hidden = true;
    document.body.classList.remove("split");
  }

  /** @param exchange all of it; @param isEntered the keyboard goes there */
  show(exchange, isEntered) {
    const isSame = this.#exchange !== null && this.#exchange.id === exchange.id && this.#exchange.worker === exchange.worker;
    const focused = this.#place.contains(document.activeElement) ? document.activeElement.id : null;
    const scroll = isSame ? this.#panel?.querySelector(".body, .scroll")?.scrollTop : 0;
    this.#exchange = exchange;
    const tabs = this.#tabs();
    // Of a raw stream there is no response apart.
    if (!tabs.some(([name]) => name === this.#tab)) this.#tab = exchange.upgraded ? "stream" : "response";
    this.#panel = el("div", { id: "panel", role: "tabpanel", "aria-labelledby": `tab-${this.#tab}` });
    this.#place.replaceChildren(this.#head(), this.#tabList(tabs), this.#panel);
    this.#fill(tabs);
    this.#place.hidden = false;
    document.body.classList.add("split");
    if (scroll) this.#panel.querySelector(".body, .scroll")?.scrollTo(0, scroll);
    if (isEntered) byId(`tab-${this.#tab}`).focus();
    else if (focused) byId(focused)?.focus();
  }

  /** Says why there is nothing to show. */
  fail(text) {
    this.#exchange = null;
    this.#place.replaceChildren(el("div", { class: "top" }, el("p", { class: "none" }, text), this.#closeButton()));
    this.#place.hidden = false;
    document.body.classList.add("split");
  }

  // The head

  #head() {
    const exchange = this.#exchange;
    return el("div", { class: "top" },
      el("h2", {}, el("span", { class: `status ${tone(exchange)}` }, statusText(exchange)), " ", el("span", { class: "method" }, exchange.method), " ",
        el("span", { class: "target" }, visible(exchange.target))),
      el("div", { class: "actions" },
        el("button", { id: "replay", type: "button", disabled: exchange.isStale, onclick: () => this.#actions.replay(this.#exchange) }, "Replay"),
        el("button", { id: "curl", type: "button", onclick: () => this.#copy() }, "Copy as curl"), this.#closeButton()));
  }

  #closeButton() {
    return el("button", { id: "close", type: "button", class: "icon", "aria-label": "Close", title: "Close (Esc)", onclick: () => this.#actions.close() }, "\u2715");
  }

  async #copy() {
    try {
      const command = curl(this.#exchange, decoded(this.#exchange.requestBody.base64));
      await navigator.clipboard.writeText(command);
      toast("Copied.");
    } catch (error) {
      toast(`Not copied: ${error.message}`);
    }
  }

  // The tabs

  #tabs() {
    const exchange = this.#exchange;
    const number = (count) => (count ? ` (${count})` : "");
    const all = [["overview", "Overview", () => this.#overview()], ["request", "Request", () => body(exchange, exchange.requestBody)]];
    if (exchange.upgraded) all.push(["stream", "Stream", () => [el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Stream" }, ...conversation(exchange).filter(Boolean))]]);
    else all.push(["response", "Response", () => body(exchange, exchange.down)]);
    all.push(["log", "Log" + number(exchange.logs + exchange.errors), () => [el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Log" }, ...this.#log(exchange.notes))]]);
    return all;
  }

  #tabList(tabs) {
    const buttons = tabs.map(([name, title]) =>
      el("button", { id: `tab-${name}`, type: "button", role: "tab", "aria-selected": String(name === this.#tab), "aria-controls": "panel",
        tabindex: name === this.#tab ? "0" : "-1", onclick: () => this.#choose(name) }, title));
    const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the exchange" }, ...buttons);
    list.addEventListener("keydown", (event) => {
      const index = tabs.findIndex(([name]) => name === this.#tab);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.#choose(tabs[(index + step + tabs.length) % tabs.length][0]);
      else if (event.key === "Home" || event.key === "End") this.#choose(tabs.at(event.key === "Home" ? 0 : -1)[0]);
      else return;
      event.preventDefault();
    });
    return list;
  }

  #choose(name) {
    this.#tab = name;
    this.show(this.#exchange, true);
  }

  #fill(tabs) {
    const [, , make] = tabs.find(([name]) => name === this.#tab);
    this.#panel.replaceChildren(...make().filter(Boolean));
  }

  // Overview

  #overview() {
    const exchange = this.#exchange;
    const errors = exchange.notes.filter((note) => note.kind === "error");
    return [el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Overview" }, ...this.#log(errors, true), facts(exchange),
      headers("Request headers", exchange.requestHeaders), headers("Response headers", exchange.responseHeaders))];
  }

  #log(notes, isInPlace = false) {
    if (notes.length === 0) return isInPlace ? [] : [el("p", { class: "none" }, "Nothing was said about this one.")];
    const lost = this.#exchange.lostNotes && !isInPlace ? [el("p", { class: "cut" }, `${plural(this.#exchange.lostNotes, "more line")} were not kept.`)] : [];
    return [el("ol", { class: "notes" }, ...notes.map((note) =>
      el("li", { class: note.kind }, el("time", {}, clock(note.time)),
        el("div", {}, el("p", {}, visible(note.text)), note.traceback ? el("pre", {}, visible(note.traceback)) : null)))), ...lost];
  }
}

function facts(exchange) {
  const handlers = exchange.asked.map(visible).join(", then ");
  const who = exchange.handler === undefined ? "dogger itself" : exchange.handler === exchange.asked.at(-1) ? handlers : [visible(exchange.handler), handlers && `after ${handlers}`].filter(Boolean).join(", ");
  const caller = [callerText(exchange), exchange.pid ? `pid ${exchange.pid}` : null, exchange.uid === undefined ? null : `uid ${exchange.uid}`].filter(Boolean).join(", ");
  const bytes = `${size(exchange.sent)} sent, ${size(exchange.received)} received`;
  const rows = [
    ["Status", exchange.status ? `${exchange.status} ${visible(exchange.reason)}` : "no answer yet"],
    ["State", states[exchange.state] + (exchange.failure ? `: ${visible(exchange.failure)}` : "")],
    ["Answered by", `${who}`],
    ["Version", exchange.version ? `${exchange.version}, loaded ${clock(exchange.loaded)}` : null],
    ["Caller", visible(caller)],
    ["Came in at", exchange.address ? visible(exchange.address) : null],
    ["Began", clock(exchange.time)],
    ["Time", [exchange.wait === undefined ? null : `${duration(exchange.wait)} to the answer`, exchange.duration === undefined ? null : `${duration(exchange.duration)} in all`].filter(Boolean).join(", ")],
    ["Bytes", bytes],
    ["Replay of", exchange.replayOf ? `number ${exchange.replayOf}` : null],
  ];
  return el("dl", { class: "facts" }, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

const states = { waiting: "waits for the answer", answering: "goes on", complete: "complete", left: "the client left before the end", broken: "broken off" };

function headers(title, fields) {
  if (fields.length === 0) return "";
  return el("section", {}, el("h3", {}, title), el("dl", { class: "facts headers" }, ...fields.flatMap(([name, value]) => [el("dt", {}, visible(name)), el("dd", {}, visible(value))])));
}
