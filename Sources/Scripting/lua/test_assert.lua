-- The tests' `assert`, with the names and the order of arguments that busted's users know: what is expected comes first.
local _, native = ...
local difference = require "dogger.test.difference"
local spy = require "dogger.test.spy"
local show = difference.show

local Failure = { __tostring = function(failure) return failure.message end, __name = "failed assertion" }

local function fail(message)
  local places = native.test.places()
  error(setmetatable({ message = message, place = places[1] or "", places = places }, Failure), 0)
end

-- Each gives whether it holds, what to say where it does not, and what where it was not to; and which argument is the user's words.
local checks = {}

function checks.equal(expected, actual)
  local text = difference.explain
  return expected == actual, function()
    if type(expected) == "table" and difference.same(expected, actual) then
      return "these are two tables with the same in them, and `equal` is for one table: assert.same compares what is in them\n  " .. show(expected)
    end
    return text(expected, actual)
  end, function() return "expected something else than " .. show(actual) end, 3
end

function checks.same(expected, actual)
  return difference.same(expected, actual), function() return difference.explain(expected, actual) end,
    function() return "expected something else than " .. show(actual) end, 3
end

function checks.near(expected, actual, tolerance)
  if type(tolerance) ~= "number" then error("assert.near takes what is expected, the number, and how far off it may be", 4) end
  local holds = type(actual) == "number" and math.abs(expected - actual) <= tolerance
  return holds, function() return ("expected: %s, give or take %s\ngot:      %s"):format(show(expected), show(tolerance), show(actual)) end,
    function() return ("expected a number further from %s than %s\ngot:      %s"):format(show(expected), show(tolerance), show(actual)) end, 4
end

function checks.matches(pattern, actual, init, plain)
  if type(pattern) ~= "string" then error("assert.matches takes a pattern, then the string", 4) end
  local first = type(init) == "number" and init or 1
  local holds = (type(actual) == "string" or type(actual) == "number") and tostring(actual):find(pattern, first, plain == true) ~= nil
  return holds, function() return ("expected a match of: %s\ngot:                 %s"):format(show(pattern), show(actual)) end,
    function() return ("expected no match of: %s\ngot:                  %s"):format(show(pattern), show(actual)) end,
    type(init) == "string" and 3 or 5
end

-- The words of an error without the place in front.
local function words(fault) return type(fault) == "string" and fault:gsub("^[^\n]-:%d+: ", "", 1) or fault end

local function describe(fault)
  if type(fault) == "table" and rawget(fault, "message") then return show { status = fault.status, message = fault.message } end
  return show(fault)
end

local function is_fault(fault, expected)
  if type(expected) == "table" and type(fault) == "table" then
    for key, value in pairs(expected) do if not difference.same(value, fault[key]) then return false end end
    return true
  end
  if type(expected) == "string" and type(fault) == "table" then fault = rawget(fault, "message") end
  return fault == expected or words(fault) == expected
end

function checks.error(f, expected)
  if type(f) ~= "function" then error("assert.has_error takes a function, and the error that it is to raise", 4) end
  local ok, fault = pcall(f)
  local holds = not ok and (expected == nil or is_fault(fault, expected))
  return holds, function()
    if ok then return "expected an error" .. (expected ~= nil and ": " .. show(expected) or "") .. "\ngot none" end
    return ("expected the error: %s\ngot:                %s"):format(show(expected), describe(words(fault)))
  end, function() return "expected no error\ngot: " .. describe(fault) end, 3
end

function checks.error_matches(f, pattern)
  if type(f) ~= "function" or type(pattern) ~= "string" then error("assert.error_matches takes a function, and a pattern for its error", 4) end
  local ok, fault = pcall(f)
  local text = type(fault) == "table" and rawget(fault, "message") or tostring(fault)
  return not ok and text:find(pattern) ~= nil, function()
    return ok and "expected an error\ngot none" or ("expected an error that matches: %s\ngot:                            %s"):format(show(pattern), describe(fault))
  end, function() return ("expected no error that matches: %s\ngot:                            %s"):format(show(pattern), describe(fault)) end, 3
end

local function is(what, test)
  return function(actual)
    return test(actual), function() return ("expected: %s\ngot:      %s"):format(what, show(actual)) end,
      function() return ("expected: not %s\ngot:      %s"):format(what, show(actual)) end, 2
  end
end

checks["true"] = is("true", function(value) return value == true end)
checks["false"] = is("false", function(value) return value == false end)
checks["nil"] = is("nil", function(value) return value == nil end)
checks.truthy = is("something true", function(value) return not not value end)
checks.falsy = is("false or nil", function(value) return not value end)
for _, kind in ipairs { "boolean", "number", "string", "table", "userdata", "function", "thread" } do
  checks[kind] = is("a " .. kind, function(value) return type(value) == kind end)
end

-- What assert.spy(s) has, which stands in front of the arguments.
local spy_checks = {}

local function listed(values)
  local parts = {}
  for i = 1, values.n do parts[i] = show(values[i]) end
  return "(" .. table.concat(parts, ", ") .. ")"
end

local function times(n) return n == 1 and "1 call" or n .. " calls" end

local function told(s, field)
  local lines = { "got " .. times(#s.calls) .. (#s.calls > 0 and ":" or "") }
  for i, call in ipairs(s.calls) do
    if i > 10 then lines[#lines + 1] = "  ..." break end
    lines[#lines + 1] = "  " .. (call[field] and listed(call[field]) or "an error")
  end
  return table.concat(lines, "\n")
end

local function counts(words, test)
  return function(s, n)
    if n ~= nil and math.type(n) ~= "integer" then error("the number of calls is an integer", 4) end
    return test(#s.calls, n), function() return ("expected %s%s\n%s"):format(words, n and times(n) or "a call", told(s, "vals")) end,
      function() return ("expected not %s%s\n%s"):format(words, n and times(n) or "a call", told(s, "vals")) end
  end
end

spy_checks.called = counts("", function(count, n) return n == nil and count > 0 or count == n end)
spy_checks.called_at_least = counts("at least ", function(count, n) return count >= (n or 1) end)
spy_checks.called_at_most = counts("at most ", function(count, n) return count <= (n or 1) end)
spy_checks.called_more_than = counts("more than ", function(count, n) return count > (n or 1) end)
spy_checks.called_less_than = counts("less than ", function(count, n) return count < (n or 1) end)

-- A copy of each value is as it was then; the value itself may be another by now.
local function had(words, field, own)
  return function(s, ...)
    local expected, holds = table.pack(...), false
    for _, call in ipairs(s.calls) do
      local values = call[field]
      local alike = values ~= nil and values.n == expected.n
      for i = 1, alike and values.n or 0 do
        local wanted, value = expected[i], values[i]
        if difference.is_matcher(wanted) then alike = alike and wanted.holds(value, call[own][i])
        else alike = alike and difference.same(wanted, value) end
      end
      holds = holds or alike
    end
    return holds, function() return ("expected a call %s %s\n%s"):format(words, listed(expected), told(s, field)) end,
      function() return ("expected no call %s %s\n%s"):format(words, listed(expected), told(s, field)) end
  end
end

spy_checks.called_with = had("with", "vals", "refs")
spy_checks.returned_with = had("that returned", "returnvals", "returnrefs")

local ALIASES = { equals = "equal", match = "matches", errors = "error", error_match = "error_matches", matches_error = "error_matches",
  match_error = "error_matches", falsey = "falsy" }
local WORDS = { is = true, are = true, was = true, has = true, have = true, does = true, a = true, an = true, be = true }
local NEGATIONS = { no = true, ["not"] = true }

-- assert.is_not.equal and the like: each name adds its words; calling it does what they say: say(words, negated, spelling, ...).
local Phrase = {}

local function phrase(say, spelling, words, negated)
  return setmetatable({ say = say, spelling = spelling, words = words or "", negated = negated or false }, Phrase)
end

function Phrase.__index(self, key)
  local said, negated = rawget(self, "words"), rawget(self, "negated")
  if type(key) ~= "string" then error(rawget(self, "spelling") .. " has names, like " .. rawget(self, "spelling") .. ".equal", 2) end
  for word in key:lower():gmatch("[^_]+") do
    if said == "" and NEGATIONS[word] then negated = not negated
    elseif said ~= "" or not WORDS[word] then said = said == "" and word or said .. "_" .. word end
  end
  return phrase(rawget(self, "say"), rawget(self, "spelling") .. "." .. key, said, negated)
end

function Phrase.__call(self, ...) return rawget(self, "say")(rawget(self, "words"), rawget(self, "negated"), rawget(self, "spelling"), ...) end

Phrase.__metatable = false

local function settle(negated, own, holds, positive, negative, ...)
  if holds == not negated then return ... end
  local text = negated and negative() or positive()
  fail(own ~= nil and tostring(own) .. "\n" .. text or text)
end

-- What follows assert.spy(s).
local function say_of(s)
  return function(name, negated, spelling, ...)
    local check = spy_checks[name]
    if not check then
      error(spelling .. " is no assertion; of spies there are called, called_with, returned_with, called_at_least, called_at_most, called_more_than and called_less_than, each with was and was_not", 2)
    end
    return settle(negated, nil, check(s, ...))
  end
end

local function say(name, negated, spelling, ...)
  if name == "" and spelling == "assert" then
    local value, message = ...
    if value then return ... end
    if type(message) == "table" then error(message, 0) end
    fail(message == nil and "assertion failed: " .. show(value) or tostring(message))
  end
  if name == "spy" or name == "stub" then
    local subject = ...
    if not spy.is_spy(subject) then error(spelling .. " takes what spy.new, spy.on, stub or mock gave, and this is " .. show(subject), 2) end
    return phrase(say_of(subject), spelling .. "(...)", "", negated)
  end
  local check = checks[ALIASES[name] or name]
  if not check then
    error(spelling .. " is no assertion; there are equal, same, is_true, is_false, is_nil, truthy, falsy, is_string (or another type), near, matches, has_error, error_matches and spy(...), each with is_not and the like", 2)
  end
  local holds, positive, negative, at = check(...)
  return settle(negated, (select(at, ...)), holds, positive, negative, ...)
end

native.test.define("assert", phrase(say, "assert"))

return {
  is_failure = function(value) return type(value) == "table" and getmetatable(value) == Failure end,
  phrase = phrase,
  -- The name and the function of an assertion, nil where there is none.
  check = function(name)
    name = ALIASES[name] or name
    return checks[name] and name, checks[name]
  end,
}
