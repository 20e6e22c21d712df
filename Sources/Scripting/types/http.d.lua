---@meta dogger.http

---@class dogger.http
local http = {}

---What may be asked beside the URL.
---@class dogger.http.Options
---@field headers? table<string, dogger.HeaderValue> | dogger.Headers what is sent along; a `Host` of its own takes the place of the URL's
---@field body? string any bytes
---@field json? any in place of `body`: encoded as `json.encode` does it, `application/json`
---@field timeout? number seconds that the server may take to answer, and then for each part of the body; 30 where it is left out

---@class dogger.http.Request : dogger.http.Options
---@field url string
---@field method? string `"GET"` where it is left out

---Asks a server by GET; `http.request` says the rest.
---
---Errors: as `http.request`.
---@async
---@param url string
---@param options? dogger.http.Options
---@return dogger.Response
function http.get(url, options) end

---Asks a server by POST; `http.request` says the rest.
---
---Errors: as `http.request`.
---@async
---@param url string
---@param options? dogger.http.Options
---@return dogger.Response
function http.post(url, options) end

---Asks a server, and waits for the head of its answer, whatever its status is. The body is read as that of `req:forward()`'s answer:
---`res.body`, `res:json()`, `res:chunks()`; or the response is returned, and passed on. A redirect is an answer like any other: it is
---not followed.
---
---Errors: the URL can't be read, or no `--allow-net` grants its server; the server can't be reached, does not answer within the
---timeout, or sends what is not HTTP. The body's own come when it is read: it is larger than `--body-limit` (`res.body` and
---`res:json()` alone), it breaks off, it does not come on within the timeout.
---@async
---@param request dogger.http.Request
---@return dogger.Response
function http.request(request) end

return http
