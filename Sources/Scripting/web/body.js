// A body as it is best read: JSON with its indents, Docker's frames one by one, text, or bytes.

import { el, visible } from "./dom.js";
import { clock, plural, size } from "./format.js";

export const decoded = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The text of UTF-8, or null. What is cut off in the middle of a character still counts. */
function text(bytes, isCut) {
  try {
    const string = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
    return /[\u0000-\u0006\u000e-\u001a\u001c-\u001f]/.test(string) ? null : string;
  } catch {
    return null;
  }
}

// JSON. Its tokens are shown as they were sent, for a number past 2^53 would not survive being parsed.

const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|([{}[\],])|\s+/g;

/** The documents of a text that is JSON, one or several in a row; null where it is not. */
function documents(string) {
  const parses = (part) => {
    try {
      JSON.parse(part);
      return true;
    } catch {
      return false;
    }
  };
  const trimmed = string.trim();
  if (!/^[[{]/.test(trimmed)) return null;
  if (parses(trimmed)) return [trimmed];
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== "");
  const good = lines.filter(parses).length;
  // The last may be under way still.
  return good > 0 && good >= lines.length - 1 && parses(lines[0]) ? lines : null;
}

/** Steps of indentation; with all of a text that is nothing but brackets, the page would need gigabytes. */
const mostIndent = 40;

/** One document. `isFlat`: in one line. */
function json(string, isFlat) {
  const out = el("span");
  let depth = 0;
  let plain = "";
  const flush = () => {
    if (plain) out.append(plain);
    plain = "";
  };
  const token = (kind, part) => {
    flush();
    out.append(el("span", { class: `json-${kind}` }, visible(part)));
  };
  const line = () => {
    plain += isFlat ? " " : "\n" + "  ".repeat(Math.min(depth, mostIndent));
  };
  const parts = [...string.matchAll(tokens)].filter((match) => match[0].trim() !== "");
  parts.forEach((match, index) => {
    const [, quoted, colon, number, word, mark] = match;
    if (quoted !== undefined) {
      token(colon === undefined ? "string" : "name", quoted);
      if (colon !== undefined) plain += ": ";
    } else if (number !== undefined) token("number", number);
    else if (word !== undefined) token("word", word);
    else if (mark === "{" || mark === "[") {
      plain += mark;
      depth++;
      const isEmpty = /^[}\]]$/.test(parts[index + 1]?.[0] ?? "");
      if (!isEmpty) line();
    } else if (mark === "}" || mark === "]") {
      depth--;
      if (!/^[{[]$/.test(parts[index - 1]?.[0] ?? "")) line();
      plain += mark;
    } else {
      plain += mark;
      line();
    }
  });
  flush();
  return out;
}

// Docker's frames: 8 bytes (the stream, three zeros, a big-endian length), then the payload.

const streams = ["stdin", "stdout", "stderr", "error"];

/** `[{ stream, bytes, end }]`; null where the bytes are no frames. What is cut off at the end is left out. */
function frames(bytes) {
  const found = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  while (position + 8 <= bytes.length) {
    if (bytes[position] > 3 || bytes[position + 1] || bytes[position + 2] || bytes[position + 3]) return null;
    const end = position + 8 + view.getUint32(position + 4);
    if (end > bytes.length) break;
    found.push({ stream: streams[bytes[position]], bytes: bytes.subarray(position + 8, end), end });
    position = end;
  }
  return found.length > 0 ? found : null;
}

/** When the byte before `end` came, in milliseconds after the request. */
const timeOf = (track, end) => (track.runs.find((run) => run[1] >= end) ?? track.runs.at(-1) ?? [0])[0];

function hex(bytes) {
  const lines = [];
  for (let start = 0; start < bytes.length; start += 16) {
    const row = Array.from(bytes.subarray(start, start + 16));
    const digits = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const characters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${start.toString(16).padStart(6, "0")}  ${digits}  ${characters}`);
  }
  return lines.join("\n");
}

// Views

const shown = (bytes) => {
  const string = text(bytes, true);
  return string === null ? hex(bytes) : visible(string).replace(/\n$/, "");
};

function timeline(items, began) {
  const rows = items.map(({ time, label, kind, bytes }) =>
    el("tr", { class: kind }, el("td", { class: "time" }, clock(began + time)), el("td", { class: "label" }, label), el("td", {}, el("pre", {}, shown(bytes)))));
  return el("table", { class: "timeline" },
    el("thead", { class: "unseen" }, el("tr", {}, ...["Time", "Stream", "Bytes"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...rows));
}

/** Frames as items of a timeline, or the runs of bytes. */
function items(track, bytes, kind, label) {
  const parts = kind === "down" ? frames(bytes) : null;
  if (parts) return parts.map((part) => ({ time: timeOf(track, part.end), kind: `${kind} ${part.stream}`, label: part.stream, bytes: part.bytes }));
  let start = 0;
  return track.runs.map(([time, end]) => {
    const run = { time, kind, label, bytes: bytes.subarray(start, end) };
    start = end;
    return run;
  });
}

/** A hijacked connection: both directions, in the order of time. */
export function conversation(exchange) {
  const down = items(exchange.down, decoded(exchange.down.base64), "down", "to client");
  const up = items(exchange.up, decoded(exchange.up.base64), "up", "from client");
  const all = [...down, ...up].sort((one, other) => one.time - other.time);
  const notes = [cut(exchange.up, exchange), cut(exchange.down, exchange)];
  return [...notes, all.length ? timeline(all, exchange.time) : el("p", { class: "none" }, "No byte has gone by yet.")];
}

function cut(track, exchange) {
  const kept = track.runs.at(-1)?.[1] ?? 0;
  if (track.size <= kept) return null;
  return el("p", { class: "cut" }, `Cut: of ${size(track.size)} the first ${size(kept)} are kept; dogger keeps ${exchange.bodyLimit / 1024} KiB of each body.`);
}

/** The ways to look at a body, the best first: `[[name, () => element]]`. */
function views(exchange, track, bytes) {
  const isCut = track.size > bytes.length;
  const string = text(bytes, isCut);
  const found = [];
  const parts = frames(bytes);
  if (parts) found.push(["Frames", () => timeline(items(track, bytes, "down", ""), exchange.time)]);
  const all = string === null ? null : documents(string);
  if (all) {
    const isFlat = all.length > 1;
    found.push([isFlat ? `JSON, ${plural(all.length, "document")}` : "JSON",
      () => el("pre", { class: "json" }, ...all.flatMap((part) => [json(part, isFlat), "\n"]))]);
  }
  if (string !== null) found.push(["Text", () => el("pre", {}, visible(string))]);
  found.push(["Bytes", () => el("pre", {}, hex(bytes))]);
  return found;
}

let favourite = null;

/** A body, with a choice of the ways to look at it. */
export function body(exchange, track) {
  const bytes = decoded(track.base64);
  if (track.size === 0) return [el("p", { class: "none" }, "There is no body.")];
  const all = views(exchange, track, bytes);
  const place = el("div", { class: "body", tabindex: "0", role: "region", "aria-label": "Body" });
  const buttons = all.map(([name, make]) => {
    const kind = name.split(",")[0];
    return el("button", { type: "button", dataset: { kind }, onclick: () => choose(kind, make, true) }, name);
  });
  const choose = (kind, make, isMeant) => {
    if (isMeant) favourite = kind;
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.kind === kind);
    place.replaceChildren(make());
  };
  const first = all.find(([name]) => name.split(",")[0] === favourite) ?? all[0];
  choose(first[0].split(",")[0], first[1], false);
  return [el("div", { class: "views", role: "group", "aria-label": "Shown as" }, ...buttons, el("span", { class: "size" }, size(track.size))), cut(track, exchange), place];
}
