---@meta dogger.test

-- For files of tests, which `dogger test` runs. Their globals are in busted.d.lua.

---@class dogger.test
---@field clock dogger.TestClock the tests' clock, which is the handlers' too
local t = {}

---Loads handlers, in a VM of their own, as `dogger run A.lua B.lua` does.
---
---Errors: those of loading; a file that is not there.
---@param ... string | dogger.TestOptions the files, in the order of the chain, by paths from the test's own directory; then options
---@return dogger.TestHandler
function t.load(...) end

---What stands behind a handler in place of a real server. It is a handler itself: all that one may return, it may.
---@param handler dogger.Function | dogger.Routes
---@return dogger.TestUpstream
function t.upstream(handler) end

---What the handlers wrote to the log during this test.
---@return string[] # its lines
function t.logs() end

---Takes Docker's frames apart.
---
---Errors: what is not whole frames.
---@param bytes string
---@return dogger.TestFrames
function t.frames(bytes) end

---@class dogger.TestOptions
---@field upstream? dogger.TestUpstream | dogger.Function | dogger.Routes

---@class dogger.TestUpstream
---@field requests { method: string, target: string, path: string, headers: table<string, string> }[] what it was asked, in order

---@class dogger.TestFrames
---@field stdout string what the frames of standard output hold, together
---@field stderr string
---@field [integer] { stream: "stdout" | "stderr", text: string }

---@class dogger.TestRequest
---@field method? string GET where it is left out
---@field path? string the target as it goes over the wire; `/` where it is left out
---@field query? table<string, string | number> put behind the path, encoded
---@field headers? table<string, string | number | string[]>
---@field body? string | string[] a list is sent in pieces, chunked
---@field json? any the body, encoded, with its Content-Type
---@field peer? { pid?: integer, uid?: integer, gid?: integer, address?: string } who calls; with an address, over TCP
---@field upgrade? boolean | string asks for an upgrade, to this protocol, or to `tcp`

---@class dogger.TestHandler
---@field upstream? dogger.TestUpstream
local TestHandler = {}

---@async
---@param request dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:request(request) end

---Sends, and does not wait for the answer.
---@param request dogger.TestRequest
---@return dogger.TestPending
function TestHandler:start(request) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:get(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:head(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:post(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:put(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:patch(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:delete(path, options) end

---@async
---@param path string
---@param options? dogger.TestRequest
---@return dogger.TestResponse
function TestHandler:options(path, options) end

---@class dogger.TestPending
local TestPending = {}

---@async
---@return dogger.TestResponse
function TestPending:response() end

---The client goes away.
function TestPending:close() end

---@class dogger.TestResponse
---@field status integer
---@field headers dogger.Headers
---@field body string all of it, awaited
---@field upgraded boolean
local TestResponse = {}

---@async
---@return any
function TestResponse:json() end

---@async
---@return string? # the next bytes of the body, nil at its end
function TestResponse:read() end

---@async
---@return fun(): string?
function TestResponse:chunks() end

---@return string # what has come of the body and is not read yet
function TestResponse:arrived() end

---@return dogger.TestStream
function TestResponse:upgrade() end

---The client goes away.
function TestResponse:close() end

---@class dogger.TestStream
local TestStream = {}

---@async
---@return string? # the next bytes, nil when the handler's side has ended
function TestStream:read() end

---@async
---@return string # all up to that end
function TestStream:read_all() end

---@return string # what has come and is not read yet
function TestStream:arrived() end

---@async
---@param ... string
---@return self
function TestStream:write(...) end

---Half-closes: the handler reads nil, and may go on writing.
function TestStream:close() end

---Goes away, as a client that is killed.
function TestStream:abort() end

---@class dogger.TestClock
local TestClock = {}

---@return number # seconds since 1970
function TestClock:now() end

---@async
---@param seconds number
function TestClock:advance(seconds) end

---@param seconds number since 1970
function TestClock:set(seconds) end

return t
