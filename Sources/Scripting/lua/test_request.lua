-- A client of the handlers under test: its requests, and the answers as they come over the wire.
local _, native = ...
local test = native.test
local json = require "dogger.json"

local Request, Response, Stream = {}, {}, {}
local methods = {}
Request.__index = Request
Stream.__index = Stream

local function escape(text)
  return (tostring(text):gsub("[^%w%-%._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function target(options)
  local text = options.path or "/"
  if options.query then
    local names, parts = {}, {}
    for name in pairs(options.query) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do parts[i] = escape(name) .. "=" .. escape(options.query[name]) end
    text = text .. (text:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
  end
  return text
end

local KNOWN = { method = "string", path = "string", query = "table", headers = "table", body = true, json = true, peer = "table", upgrade = true }

local function check(options)
  if type(options) ~= "table" then error("a request is a table, like { method = \"GET\", path = \"/info\" }", 4) end
  for name, value in pairs(options) do
    local kind = KNOWN[name]
    if not kind then error("a request has no option '" .. tostring(name) .. "'; it has method, path, query, headers, body, json, peer and upgrade", 4) end
    if kind ~= true and type(value) ~= kind then error(("a request's %s is a %s, not a %s"):format(name, kind, type(value)), 4) end
  end
  if options.body ~= nil and options.json ~= nil then error("a request has a body or json, not both", 4) end
  if options.body ~= nil and type(options.body) ~= "string" and type(options.body) ~= "table" then
    error("a request's body is a string, or a list of strings that are sent one after the other", 4)
  end
end

local request = {}

function request.start(chain, options)
  check(options)
  local headers = native.new_headers()
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  local body = options.body or ""
  if options.json ~= nil then
    body = json.encode(options.json)
    if not headers["Content-Type"] then headers["Content-Type"] = "application/json" end
  end
  if options.upgrade then headers["Upgrade"] = options.upgrade == true and "tcp" or options.upgrade end
  local pieces = type(body) == "table" and body
  local method, path = options.method or "GET", target(options)
  local number = test.send(chain, method, path, headers, not pieces and body or nil, options.peer)
  for _, piece in ipairs(pieces or {}) do test.write(number, piece) end
  if pieces then test.finish(number) end
  return setmetatable({ number = number, line = method .. " " .. path }, Request)
end

-- Waits for the answer's head; the same object each time.
function Request:response()
  if not self.answer then
    local _, status, headers, upgraded = test.answer(self.number)
    self.answer = setmetatable({ status = status, headers = headers, upgraded = upgraded, number = self.number, line = self.line, parts = {} }, Response)
  end
  return self.answer
end

-- The client goes away.
function Request:close() test.close(self.number) end

local function keep(res, chunk)
  if chunk then res.parts[#res.parts + 1] = chunk end
  return chunk
end

-- The next run of bytes of the body, nil at its end. Waits.
function methods.read(res)
  if res.upgraded then error("this response is an upgrade, which has no body: use res:upgrade()", 2) end
  return keep(res, test.chunk(res.number))
end

function methods.chunks(res) return function() return res:read() end end

-- What is there of the body and not read yet, without waiting.
function methods.arrived(res)
  local parts = {}
  while true do
    local chunk = keep(res, test.arrived(res.number))
    if not chunk then return table.concat(parts) end
    parts[#parts + 1] = chunk
  end
end

function methods.json(res)
  local body = res.body
  local ok, value = pcall(json.decode, body)
  if not ok then error(("the body of the %d to %s is not JSON: %s"):format(res.status, res.line, value), 2) end
  return value
end

-- The connection itself, after a handler's `upgrade`.
function methods.upgrade(res)
  if not res.upgraded then
    error(("the answer to %s is a plain %d, no upgrade; does the handler return { upgrade = ... }, and the request ask with { upgrade = true }?"):format(res.line, res.status), 2)
  end
  return setmetatable({ number = res.number }, Stream)
end

function methods.close(res) test.close(res.number) end

-- `body` is all of it, what was read in pieces too.
function Response.__index(res, name)
  if name ~= "body" then return methods[name] end
  while res:read() do end
  return table.concat(res.parts)
end

Response.__name = "dogger.test.response"

-- The next bytes, nil when the handler's side has ended.
function Stream:read() return test.chunk(self.number) end

-- All bytes up to that end.
function Stream:read_all()
  local parts = {}
  for bytes in function() return self:read() end do parts[#parts + 1] = bytes end
  return table.concat(parts)
end

function Stream:arrived()
  local parts = {}
  for bytes in function() return test.arrived(self.number) end do parts[#parts + 1] = bytes end
  return table.concat(parts)
end

function Stream:write(...)
  for _, bytes in ipairs { ... } do test.write(self.number, bytes) end
  return self
end

-- Half-closes: the handler reads nil, and may go on writing.
function Stream:close() test.finish(self.number) end

-- Goes away, as a client that is killed.
function Stream:abort() test.close(self.number) end

return request
