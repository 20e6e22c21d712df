-- require "dogger.test": handlers under test, their clients, and the upstreams that they are given. See docs/handler-api.md.
local _, native = ...
local test = native.test
if not test then error("dogger.test is there for tests only: run them with `dogger test`", 3) end
local dogger = require "dogger"
local request = require "dogger.test.request"
local upstream = require "dogger.test.upstream"

local t = {}

local Chain = {}
Chain.__index = Chain
Chain.__name = "dogger.test.handler"

-- t.load("a.lua", "b.lua", { upstream = ... }): the handlers in a VM of their own, as `dogger run a.lua b.lua` loads them.
function t.load(...)
  local paths, options = { ... }, {}
  if type(paths[#paths]) == "table" then options = table.remove(paths) end
  if #paths == 0 then error("t.load takes the paths of handler files, relative to the test's own", 2) end
  for i, path in ipairs(paths) do
    if type(path) ~= "string" or path == "" then error(("t.load: argument %d is no path of a handler file"):format(i), 2) end
  end
  for name in pairs(options) do
    if name ~= "upstream" then error("t.load has no option '" .. tostring(name) .. "'; there is upstream", 2) end
  end
  local behind = options.upstream
  if behind ~= nil and upstream.number(behind) == nil then behind = upstream.new(behind) end
  local number = test.load(table.concat(paths, "\0"), behind and upstream.number(behind) or 0)
  return setmetatable({ number = number, upstream = behind }, Chain)
end

-- chain:request { method =, path =, query =, headers =, body =, json =, peer =, upgrade = }
function Chain:request(options) return request.start(self.number, options):response() end

-- The same without waiting for the answer: `:response()` waits for it.
function Chain:start(options) return request.start(self.number, options) end

for _, method in ipairs { "get", "head", "post", "put", "delete", "patch", "options" } do
  Chain[method] = function(self, path, options)
    if type(path) ~= "string" then error(("%s takes a path and options, as in chain:%s(\"/info\", { headers = ... })"):format(method, method), 2) end
    local all = { method = method:upper(), path = path }
    for name, value in pairs(options or {}) do all[name] = value end
    return request.start(self.number, all):response()
  end
end

-- What stands behind a handler in place of a real server: a function of the request, or a table of routes.
t.upstream = upstream.new

-- The handlers' clock, and the tests': it moves on when everything waits, up to the next that sleeps.
t.clock = {}

function t.clock.now() return dogger.now() end

function t.clock.advance(_, seconds) dogger.sleep(seconds) end

function t.clock.set(_, seconds)
  if type(seconds) ~= "number" then error("t.clock:set takes seconds since 1970", 2) end
  test.set_clock(seconds)
end

-- What the handlers wrote to the log during this test, line by line.
function t.logs()
  local lines = {}
  for line in test.logs():gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- Docker's frames taken apart: { stdout = "...", stderr = "..." }, and the frames in their order.
function t.frames(bytes)
  local found, position = { stdout = "", stderr = "" }, 1
  while position <= #bytes do
    local stream, length = string.unpack(">Bxxx I4", bytes .. ("\0"):rep(8), position)
    local name = stream == 1 and "stdout" or stream == 2 and "stderr"
    local text = bytes:sub(position + 8, position + 7 + length)
    if not name or #text < length then error(("t.frames: at byte %d is no whole frame of Docker's"):format(position), 2) end
    found[name] = found[name] .. text
    found[#found + 1] = { stream = name, text = text }
    position = position + 8 + length
  end
  return found
end

return t
