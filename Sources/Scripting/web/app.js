// Holds the page together: hears what goes by, and asks for what is to be shown.

import { Detail } from "./detail.js";
import { byId, toast, visible } from "./dom.js";
import { plural } from "./format.js";
import { fileName, isOver, List } from "./list.js";
import { Messages } from "./messages.js";

const mostRows = 500;
const mostCached = 50;

let worker = null;
/** Of what was looked at: the next worker knows nothing of it. */
const cache = new Map();
let replayed = null;
let fetching = null;

const messages = new Messages();
const detail = new Detail({ replay, close });
const list = new List((exchange, isEntered) => (exchange ? show(exchange, isEntered) : detail.hide()));

// Hearing

const events = new EventSource("events");
events.onmessage = (event) => hear(JSON.parse(event.data));
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) connection("gone", "This dogger is gone. Another may be at its address: open the one that it printed.");
  else connection("lost", "Not connected: dogger has ended, or restarts. Trying again.");
};

function hear(event) {
  if (event.type === "everything") begin(event);
  list.update(event.exchanges.map((exchange) => ({ ...exchange, worker })));
  list.remove((exchange) => exchange.worker === worker && exchange.id < event.first);
  const surplus = list.all.length - mostRows;
  if (surplus > 0) {
    const old = new Set(list.all.slice(0, surplus).map(List.key));
    list.remove((exchange) => old.has(List.key(exchange)));
  }
  messages.add(event.messages);
  setVersion(event.version);
  const selected = list.selected;
  if (event.exchanges.some((exchange) => `${worker}.${exchange.id}` === selected)) refresh(list.get(selected));
  const again = event.exchanges.find((exchange) => replayed !== null && exchange.replayOf === replayed);
  if (again) {
    replayed = null;
    list.select(`${worker}.${again.id}`);
    list.refocus();
  }
}

let serving = "";

function begin(event) {
  const isNext = worker !== null && worker !== event.worker;
  if (isNext) bury();
  worker = event.worker;
  serving = [event.handlers.map((path) => visible(fileName(path))).join(", "), event.upstream ? `in front of ${visible(event.upstream)}` : ""].filter(Boolean).join(" ");
  document.title = `${serving || "dogger"} \u2013 dogger`;
  if (event.missed) toast(`This page was too slow: ${plural(event.missed, "change")} did not come. The list is whole again.`);
  connection("live", isNext ? "Live again: the worker ended, and the next one serves" : "Live");
}

/** The worker is gone: what was under way broke off, and what was not looked at can't be any more. */
function bury() {
  list.update(list.all.filter((exchange) => !exchange.isStale).map((exchange) => ({
    ...exchange, isStale: true, ...(isOver(exchange) ? {} : { state: "broken", failure: "the worker ended" }),
  })));
}

function setVersion(version) {
  byId("serving").textContent = version ? `${serving}, version ${version}` : serving;
}

function connection(state, text) {
  byId("connection").dataset.state = state;
  const place = byId("connection-text");
  if (place.textContent !== text) place.textContent = text;
}

// Showing

async function show(exchange, isEntered) {
  const key = List.key(exchange);
  if (exchange.isStale) {
    const known = cache.get(key);
    if (known) detail.show({ ...known, ...exchange }, isEntered);
    else detail.fail("This went by in an earlier worker, and what was kept of it ended with that.");
    return;
  }
  try {
    const answer = await fetch(`exchanges/${exchange.id}`);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    const whole = { ...(await answer.json()), worker: exchange.worker };
    cache.delete(key);
    cache.set(key, whole);
    if (cache.size > mostCached) cache.delete(cache.keys().next().value);
    if (list.selected === key) detail.show(whole, isEntered);
  } catch (error) {
    if (list.selected === key) detail.fail(error instanceof TypeError ? "dogger can't be reached." : error.message);
  }
}

/** Shows a changed exchange anew; a stream that changes all the time, now and then. */
function refresh(exchange) {
  if (fetching) return;
  fetching = setTimeout(async () => {
    fetching = null;
    if (list.selected === List.key(exchange)) await show(list.get(list.selected), false);
  }, 200);
}

// Doing

async function post(path) {
  try {
    const answer = await fetch(path, { method: "POST" });
    if (!answer.ok) toast((await answer.text()).trim());
    return answer.ok;
  } catch {
    toast("dogger can't be reached.");
    return false;
  }
}

async function replay(exchange) {
  replayed = exchange.id;
  if (await post(`exchanges/${exchange.id}/replay`)) toast("Sent again.");
  else replayed = null;
}

function close() {
  const isInside = byId("detail").contains(document.activeElement);
  const key = list.selected;
  if (isInside) list.refocus();
  if (key) list.select(null);
}

byId("clear").addEventListener("click", async () => {
  if (await post("clear")) list.remove(() => true);
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    byId("filter").focus();
    event.preventDefault();
  } else if (event.key === "Escape" && !isTyping) {
    close();
  }
});
