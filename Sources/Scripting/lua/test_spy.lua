-- Spies, stubs and mocks, in the manner of luassert: functions that remember how they were called.
local _, native = ...

local Spy = { __name = "spy" }
Spy.__index = Spy
local Spies, Stubs, Mocks = {}, {}, {}     -- the globals `spy`, `stub` and `mock`
local replaced = {}             -- what spy.on and stub put in the place of something, oldest first

-- Plain tables as they are now: what is called may change them later.
local function copy(value, seen)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  if seen[value] then return seen[value] end
  local made = {}
  seen[value] = made
  for key, inner in next, value do made[copy(key, seen)] = copy(inner, seen) end
  return made
end

local function packed(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = copy(values[i], {}) end
  return values
end

local function new(target) return setmetatable({ target = target, calls = {} }, Spy) end

function Spy:__call(...)
  local call = { vals = packed(...), refs = table.pack(...) }
  self.calls[#self.calls + 1] = call
  local values = table.pack(self.target(...))
  call.returnvals, call.returnrefs = packed(table.unpack(values, 1, values.n)), values
  return table.unpack(values, 1, values.n)
end

-- Forgets the calls.
function Spy:clear()
  self.calls = {}
  return self
end

-- Puts back what it stands in place of.
function Spy:revert()
  if self.put_back then self.put_back() end
  self.put_back = nil
end

-- Of a stub: what it gives from now on, or does.
function Spy:returns(...)
  local values = table.pack(...)
  return self:invokes(function() return table.unpack(values, 1, values.n) end)
end

function Spy:invokes(f)
  if type(f) ~= "function" then error("invokes takes a function", 2) end
  self.target = f
  return self
end

local function is_spy(value) return type(value) == "table" and getmetatable(value) == Spy end

local function is_callable(value) return type(value) == "function" or is_spy(value) end

-- The spy in the place of container[key], until it is put back: at the test's end at the latest.
local function replace(what, container, key, make, level)
  if type(container) ~= "table" or key == nil then error(what .. " takes a table, and the name of a function in it", 3) end
  local previous = container[key]
  if previous ~= nil and not is_callable(previous) then error(("%s: '%s' is a %s and no function"):format(what, tostring(key), type(previous)), 3) end
  local own = rawget(container, key)
  local made = make(previous)
  local ok, fault = pcall(function() container[key] = made end)
  if not ok then error(what .. ": " .. tostring(fault):gsub("^[^\n]-:%d+: ", "", 1), level or 3) end
  made.put_back = function() container[key] = own end
  replaced[#replaced + 1] = made
  return made
end

function Spies.new(f)
  if f ~= nil and not is_callable(f) then error("spy.new takes a function", 2) end
  return new(f or function() end)
end

function Spies.on(container, key)
  if type(container) == "table" and key ~= nil and container[key] == nil then
    error(("spy.on: there is no '%s' to look at; stub makes one"):format(tostring(key)), 2)
  end
  return replace("spy.on", container, key, new)
end

function Spies.is_spy(value) return is_spy(value) end

function Stubs.new(container, key, ...)
  if container == nil then return new(function() end) end
  local values = table.pack(...)
  return replace("stub", container, key, function() return new(function() return table.unpack(values, 1, values.n) end) end)
end

-- Calls f(owner, key, function) for each function in a table, and in the tables in it.
local function each(container, f, seen)
  if seen[container] then return container end
  seen[container] = true
  local found = {}
  for key, value in pairs(container) do found[key] = value end
  for key, value in next, found do
    if is_callable(value) then f(container, key, value) elseif type(value) == "table" then each(value, f, seen) end
  end
  return container
end

-- Spies in the place of all functions of a table, or stubs.
function Mocks.new(container, stubs, ...)
  if type(container) ~= "table" or is_spy(container) then error("mock takes a table with functions in it", 2) end
  local values = table.pack(...)
  local function make(previous) return new(stubs and function() return table.unpack(values, 1, values.n) end or previous) end
  local ok, fault = pcall(each, container, function(owner, key) replace("mock", owner, key, make, 0) end, {})
  if not ok then error(fault, 2) end
  return container
end

local function each_spy(method)
  return function(container)
    return each(container, function(_, _, value) if is_spy(value) then value[method](value) end end, {})
  end
end

Mocks.clear, Mocks.revert = each_spy("clear"), each_spy("revert")

native.test.define("mock", setmetatable(Mocks, { __call = function(_, ...) return Mocks.new(...) end }))
native.test.define("spy", setmetatable(Spies, { __call = function(_, f) return Spies.new(f) end }))
native.test.define("stub", setmetatable(Stubs, { __call = function(_, ...) return Stubs.new(...) end }))

return {
  is_spy = is_spy,
  mark = function() return #replaced end,
  -- Puts back what was replaced since then, the last first.
  restore = function(mark)
    for i = #replaced, mark + 1, -1 do
      replaced[i]:revert()
      replaced[i] = nil
    end
  end,
}
