---@meta dogger.request

---What a client asks, until it is answered; after that every use of it is an error. Any field can be set, for later use or for the
---handlers behind.
---@class dogger.Request
---@field method string in capitals, as it was sent
---@field path string the path without the query, percent-decoded
---@field target string path and query as they were sent
---@field query table<string, string> name to value, both decoded, `+` a space; of equal names the last counts
---@field headers dogger.Headers a name is looked up in any case; what came several times is joined by `, `
---@field params table<string, string> the route's parameters, decoded; empty where there are none
---@field version? string `"1.50"`: the API version of the path, in `docker.engine` and `docker.api`; `nil` where the path names none
---@field peer dogger.Peer who is calling
---@field id integer different for every request of this server
---@field body string? the whole body, awaited and kept; `""` where there is none
---@field [string] any
local Request = {}

---Who connected, as the kernel knows it (SO_PEERCRED): the first three on a Unix socket, `address` over TCP.
---@class dogger.Peer
---@field pid? integer the process that connected; by now it may be another one
---@field uid? integer
---@field gid? integer
---@field address? string such as `"127.0.0.1:54321"`

---All values that a name has in the query.
---@param name string
---@return string[] # decoded, in order; empty where there are none
function Request:queries(name) end

---The body decoded, as `json.decode` does it, whatever its Content-Type is.
---
---Errors: 400 with the place and the fault where it is not JSON; those of `req.body`.
---@async
---@return any
function Request:json() end

---Iterates over the body as it comes: each step gives at least one byte, and the loop ends with the body. Nothing limits the
---length of the whole; the client is held back while the script is busy.
---
---Errors: those of `req.body`, without the 413.
---@async
---@return async fun(): string?
function Request:chunks() end

---Has the handlers behind this one answer, or the upstream where none does; with neither, it is Docker's 404. What the script has
---changed of the request goes up.
---
---Errors: what the upstream did wrong, or that it can't be reached, with status 502; a path that the upstream could take for
---another one than the script saw (`//`, `..`, `%2F`), with 400.
---@async
---@param changes? dogger.Changes for this one time
---@return dogger.Response # to look at and change; return it to send it
function Request:forward(changes) end

---@class dogger.Changes
---@field method? string
---@field target? string path and query
---@field body? string

---What `req:forward()` gives. Where body and chunks are left alone, it streams by without passing through Lua.
---@class dogger.Response
---@field status integer may be set
---@field headers dogger.Headers setting a value replaces, a list sets several, `nil` removes
---@field body string | async fun(out: dogger.Output) the whole body, at most `--body-limit`; may be set
local Response = {}

---The body decoded.
---
---Errors: it is not JSON; those of `res.body`.
---@async
---@return any
function Response:json() end

---Encodes a value as the body, with its Content-Type.
---@param value any
---@return self
function Response:set_json(value) end

---Iterates over the body as it comes. What is read goes to the client only if the script writes it.
---@async
---@return async fun(): string?
function Response:chunks() end

---Has all bytes go through a function, cut anywhere: those from the client of a hijacked stream (`"up"`), and those from the
---upstream (`"down"`). What it returns goes on in their place, nothing where that is `nil` or `""`. It can wait; the stream waits
---with it.
---@param look async fun(direction: "up" | "down", bytes: string): string?
---@return self
function Response:tap(look) end
