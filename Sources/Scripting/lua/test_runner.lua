-- Runs the tests of one file. It is the handler of the VM that the file is loaded in: a request of the runner's has one step
-- done, and a request that comes to a fake upstream is answered by the test's own function.
local _, native = ...
local test = native.test
local assertions = require "dogger.test.assert"
local spies = require "dogger.test.spy"
require "dogger.test.match"
local upstream = require "dogger.test.upstream"

local function new_block(name, parent)
  return { name = name, parent = parent, children = {}, setup = {}, teardown = {}, before_each = {}, after_each = {} }
end

local root = new_block("")
local block = root          -- where what is described just now goes
local steps = {}
local current               -- the test that runs
local Pending = {}

local function place() return test.places()[1] or "" end

local function at_describing(name)
  if not block then error(name .. " stands beside tests, not in one: a test's own code runs when the test does", 3) end
end

local function describe(name, body)
  at_describing("describe")
  if type(name) ~= "string" or type(body) ~= "function" then error("describe takes a name and a function", 2) end
  local outer = block
  block = new_block(name, outer)
  outer.children[#outer.children + 1] = block
  body()
  block = outer
end

-- What is required in the block is so for it alone.
local function insulate(name, body)
  if type(name) == "function" then name, body = "insulated", name end
  if type(body) ~= "function" then error("insulate takes a name and a function", 2) end
  describe(name, function()
    local outside, own = test.modules(), block
    local inside
    own.setup[1] = function()
      outside = test.modules()
      test.modules(inside)
    end
    body()
    own.teardown[#own.teardown + 1] = function() test.modules(outside) end
    inside = test.modules()
    test.modules(outside)
  end)
end

local function it(name, body)
  at_describing("it")
  if type(name) ~= "string" or type(body) ~= "function" then error("it takes a name and a function", 2) end
  block.children[#block.children + 1] = { name = name, body = body, parent = block, place = place() }
end

local function pending(name)
  if not block then error(setmetatable({ reason = type(name) == "string" and name or "" }, Pending), 0) end
  if type(name) ~= "string" then error("pending takes a name", 2) end
  block.children[#block.children + 1] = { name = name, pending = true, parent = block, place = place() }
end

local function finally(body)
  if not current then error("finally stands in a test", 2) end
  current.finally = body
end

local function define(name, value) test.define(name, value) end

define("describe", describe)
define("context", describe)
define("insulate", insulate)
define("expose", describe)                      -- each file has a VM of its own, so there is nobody to show anything to
define("it", it)
define("test", it)
define("pending", pending)
define("finally", finally)

for _, names in ipairs { { "setup", "lazy_setup", "strict_setup" }, { "teardown", "lazy_teardown", "strict_teardown" }, { "before_each" }, { "after_each" } } do
  for _, name in ipairs(names) do
    define(name, function(body)
      at_describing(name)
      if type(body) ~= "function" then error(name .. " takes a function", 2) end
      table.insert(block[names[1]], body)
    end)
  end
end

-- The whole name of a test: those of its blocks, and its own.
local function full_name(node)
  local outer = node.parent and full_name(node.parent) or ""
  return outer == "" and node.name or outer .. " " .. node.name
end

local function add_steps(node, filter)
  if node.body or node.pending then
    local name = full_name(node)
    if not filter or name:find(filter) then steps[#steps + 1] = { kind = node.pending and "pending" or "test", node = node, name = name, place = node.place } end
    return
  end
  local first = #steps + 1
  for _, child in ipairs(node.children) do add_steps(child, filter) end
  if #steps < first then return end
  local what = node.name == "" and "the file" or full_name(node)
  if #node.setup > 0 then table.insert(steps, first, { kind = "setup", node = node, name = "setup of " .. what, place = "" }) end
  if #node.teardown > 0 then steps[#steps + 1] = { kind = "teardown", node = node, name = "teardown of " .. what, place = "" } end
end

-- What went wrong, as a result: what and where, and the calls that led there.
local function explain(fault)
  if getmetatable(fault) == Pending then return { status = "pending", message = fault.reason } end
  local places = test.places()
  local message, where
  if assertions.is_failure(fault) then
    message, where, places = fault.message, fault.place, fault.places
  elseif type(fault) == "table" and rawget(fault, "message") then
    message = ("error with status %s: %s"):format(tostring(fault.status), tostring(fault.message))
  else
    message = type(fault) == "string" and fault or "error was called with " .. tostring(fault)
    local prefix, rest = message:match("^([^\n]-:%d+): (.*)$")
    if prefix then where, message = prefix, rest end
  end
  where = where or places[1] or ""
  local calls = {}
  for i, at in ipairs(places) do if at ~= where or i > 1 then calls[#calls + 1] = at end end
  return { status = "failed", message = message, place = where, calls = calls }
end

-- Runs functions up to the first that fails; gives its result, or nil.
local function attempt(functions)
  for _, f in ipairs(functions) do
    local ok, fault = xpcall(f, explain)
    if not ok then return type(fault) == "table" and fault or { status = "failed", message = tostring(fault) } end
  end
end

local function join(result, other)
  if not other then return result end
  if not result or result.status == "pending" then return other end
  result.message = result.message .. "\nand then at " .. (other.place or "") .. ": " .. other.message
  return result
end

local function upstream_failures()
  local result
  for _, failure in ipairs(upstream.take_failures()) do
    local told = explain(failure.fault)
    told.message = "in the function of a fake upstream: " .. told.message
    told.calls = {}
    for i, at in ipairs(failure.places) do if i > 1 or at ~= told.place then table.insert(told.calls, at) end end
    result = join(result, told)
  end
  return result
end

local function failed_setup(node)
  while node do
    if node.failed then return node end
    node = node.parent
  end
end

-- What comes after a test, the innermost first: also where the test was stopped.
local function clean_up(node)
  local result
  if node.finally then result = attempt { node.finally } end
  node.finally = nil
  local outer = node.entered
  while outer do
    result = join(result, attempt(outer.after_each))
    outer = outer.parent
  end
  node.entered = nil
  spies.restore(node.spies)
  return result
end

local function run_test(node)
  local broken = failed_setup(node.parent)
  if broken then return { status = "failed", place = node.place, message = "not run: the setup of '" .. full_name(broken) .. "' failed" } end
  local chain = {}
  local outer = node.parent
  while outer do
    table.insert(chain, 1, outer)
    outer = outer.parent
  end
  local result
  current = node
  node.spies = spies.mark()
  for _, entered in ipairs(chain) do
    node.entered = entered
    result = attempt(entered.before_each)
    if result then break end
  end
  result = result or attempt { node.body }
  result = join(result, upstream_failures())
  result = join(result, clean_up(node))
  current = nil
  return result
end

local run = { test = run_test }

function run.pending() return { status = "pending", message = "" } end

function run.setup(node)
  local result = attempt(node.setup)
  node.failed = result ~= nil
  return result
end

function run.teardown(node) return attempt(node.teardown) end

local function pack(result)
  result = result or { status = "passed" }
  return string.pack("s4s4s4s4", result.status, result.place or "", result.message or "", table.concat(result.calls or {}, "\n"))
end

local function plan(req)
  block = nil                                 -- everything is described by now
  local filter = req.query.filter
  local ok, fault = pcall(string.find, "", filter or "")
  if not ok then return string.pack("s4s4s4", "wrong", fault:gsub("^.-:%d+: ", ""), "") end
  add_steps(root, filter)
  local parts = {}
  for i, step in ipairs(steps) do parts[i] = string.pack("s4s4s4", step.kind, step.name, step.place) end
  return table.concat(parts)
end

return function(req)
  local service = test.service(req)
  if service > 0 then return upstream.serve(service, req) end
  if req.path == "/plan" then return plan(req) end
  local verb, number = req.path:match("^/(%a+)/(%d+)$")
  local step = steps[tonumber(number)]
  if verb == "after" then
    current = nil
    upstream.take_failures()
    return pack(step.node.entered and clean_up(step.node))
  end
  return pack(run[step.kind](step.node))
end
