-- Fake upstreams: functions of the test that answer what a handler forwards, over HTTP as a real one.
local _, native = ...
local dogger = require "dogger"
local is_spy = require "dogger.test.spy".is_spy

local upstream = {}
local services, numbers = {}, {}
local failures = {}

-- handler: a function of the request, or a table of routes. Its `requests` tell what it was asked.
function upstream.new(handler)
  if is_spy(handler) then
    local spy = handler
    handler = function(...) return spy(...) end
  end
  if type(handler) == "table" then handler = dogger.routes(handler) end
  if type(handler) ~= "function" then error("t.upstream takes a function of the request, or a table of routes", 2) end
  local fake = { requests = {} }
  services[#services + 1] = { fake = fake, handler = handler }
  numbers[fake] = #services
  return fake
end

function upstream.number(fake) return numbers[fake] end

-- A fault in the test's own function would look like the upstream's 500, which a handler may well take in its stride.
local function note(fault)
  local is_answer = type(fault) == "table" and fault.status
  if not is_answer then failures[#failures + 1] = { fault = fault, places = native.test.places() } end
  return fault
end

local function watched(f)
  return function(...)
    local ok, result = xpcall(f, note, ...)
    if not ok then error(result, 0) end
    return result
  end
end

function upstream.serve(number, req)
  local service = services[number]
  local seen = { method = req.method, target = req.target, path = req.path, headers = {} }
  for name, value in pairs(req.headers) do seen.headers[name] = value end
  table.insert(service.fake.requests, seen)
  local response = watched(service.handler)(req)
  if type(response) == "table" then
    for _, name in ipairs { "body", "upgrade" } do
      if type(rawget(response, name)) == "function" then rawset(response, name, watched(response[name])) end
    end
  end
  return response
end

function upstream.take_failures()
  local taken = failures
  failures = {}
  return taken
end

return upstream
