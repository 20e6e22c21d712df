// A request as a command line that sends the same bytes, for any POSIX shell.

const quoted = (text) => (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Fields that curl writes itself, or that belong to the connection. */
const own = new Set(["host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "expect"]);

/**
 * @param exchange all that is kept of it
 * @param body its request's bytes
 * @returns the command, or an error whose message says why there is none
 */
export function curl(exchange, body) {
  if (body.length < exchange.requestBody.size) throw new Error("the request's body was cut, so no command sends the same");
  const words = ["curl"];
  const address = exchange.address ?? "";
  const path = exchange.target.startsWith("/") ? exchange.target : new URL(exchange.target).pathname;
  const isPlainHost = /^[A-Za-z0-9.:\[\]-]+$/.test(exchange.host);
  if (address.startsWith("unix://")) {
    words.push("--unix-socket", quoted(address.slice(7)), "--globoff", "--path-as-is");
    words.push(quoted(`http://${isPlainHost ? exchange.host : "localhost"}${path}`));
  } else {
    words.push("--globoff", "--path-as-is", quoted(address.replace("tcp://", "http://") + path));
  }
  if (exchange.httpVersion === "1.0") words.push("--http1.0");
  if (exchange.method === "HEAD") words.push("--head");
  else if (exchange.method !== (body.length > 0 ? "POST" : "GET")) words.push("--request", quoted(exchange.method));
  const field = (name, value) => words.push("--header", quoted(value === "" ? `${name};` : `${name}: ${value}`));
  const names = new Set(exchange.requestHeaders.map(([name]) => name.toLowerCase()));
  if (!address.startsWith("unix://") || !isPlainHost) field("Host", exchange.host);
  for (const [name, value] of exchange.requestHeaders) if (!own.has(name.toLowerCase())) field(name, value);
  if (names.has("upgrade")) field("Connection", "Upgrade");
  // What curl would add of its own.
  for (const name of ["User-Agent", "Accept"]) if (!names.has(name.toLowerCase())) words.push("--header", `${name}:`);
  if (body.length === 0) {
    if (names.has("content-length")) field("Content-Length", "0");
    return words.join(" ");
  }
  if (!names.has("content-type")) words.push("--header", "Content-Type:");
  return withBody(words, body);
}

function withBody(words, body) {
  let text = null;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {}
  // A shell's word holds no NUL; and a carriage return or an escape in it would be lost between a terminal and its shell.
  if (text !== null && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) return `${words.join(" ")} --data-raw ${quoted(text)}`;
  const octal = Array.from(body, (byte) => "\\" + byte.toString(8).padStart(3, "0")).join("");
  return `printf '${octal}' | ${words.join(" ")} --data-binary @-`;
}
