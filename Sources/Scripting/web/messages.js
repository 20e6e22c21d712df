// What is told besides exchanges: reloads, errors, what scripts say while no request is theirs.

import { byId, el, visible } from "./dom.js";
import { clock } from "./format.js";

const most = 500;

export class Messages {
  #list = byId("message-list");
  #last = byId("last-message");
  #newest = 0;

  /** Adds those that are not here yet: all are told again after a reconnection. */
  add(messages) {
    const fresh = messages.filter((message) => message.time > this.#newest);
    if (fresh.length === 0) return;
    this.#newest = fresh.at(-1).time;
    this.#list.append(...fresh.map((message) => this.#item(message)));
    while (this.#list.childElementCount > most) this.#list.firstElementChild.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
    const { kind, text, time } = fresh.findLast((message) => message.kind !== "log") ?? fresh.at(-1);
    this.#last.className = kind;
    this.#last.textContent = `${clock(time)}  ${visible(text.split("\n")[0])}`;
  }

  #item({ kind, time, text, traceback }) {
    return el("li", { class: kind }, el("time", {}, clock(time)), el("span", { class: "kind" }, kind),
      el("div", {}, el("p", {}, visible(text)), traceback ? el("pre", {}, visible(traceback)) : null));
  }
}
