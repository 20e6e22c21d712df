---@meta dogger.handler

---What a handler file returns: a function of the request, or a table of them by pattern.
---@alias dogger.Handler dogger.Function | dogger.Routes

---Answers a request. `nil` passes it on to the next handler, and behind the last one to the upstream.
---@alias dogger.Function async fun(req: dogger.Request): dogger.Answer?

---Patterns such as `"GET /containers/{id}/json"`, each with the function that answers.
---@alias dogger.Routes table<string, dogger.Function>

---A string is a body of text; a table says more; what `req:forward()` gave is passed on.
---@alias dogger.Answer string | dogger.Reply | dogger.Response

---@class dogger.Reply
---@field status? integer 200 to 599; 200 where it is left out
---@field headers? table<string, dogger.HeaderValue> | dogger.Headers they are sent in no particular order
---@field body? string | async fun(out: dogger.Output) any bytes, or a function that writes them
---@field json? any encoded as `json.encode` does it, `application/json`
---@field upgrade? async fun(stream: dogger.Stream) takes the connection over

---@alias dogger.HeaderValue string | number | (string | number)[]

---Headers by name, in any case. `pairs` gives each by itself, with its name as it was sent, in order.
---@class dogger.Headers
---@field [string] string?

---What is writing a body.
---@class dogger.Output
local Output = {}

---Sends strings and numbers, one after the other. Waits while the client lags behind, so memory stays flat; small writes made one
---after the other leave together.
---
---Errors: another type; more bytes than a Content-Length of your own announced.
---@async
---@param ... string | number
---@return self
function Output:write(...) end

---A connection that was taken over: raw bytes both ways.
---@class dogger.Stream
local Stream = {}

---Waits for the client's next bytes.
---@async
---@return string? # at least one byte; `nil` when the client has sent its last (a half-close): it still reads
function Stream:read() end

---Sends strings and numbers, as `out:write` does.
---
---Errors: another type; after `stream:close()`.
---@async
---@param ... string | number
---@return self
function Stream:write(...) end

---Half-closes: the client sees the end, and may go on sending.
function Stream:close() end
