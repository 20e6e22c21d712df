-- The tests' `match`, in the manner of luassert: what stands in the place of a value, in assert.same and called_with, and holds for
-- all of which the assertion of that name does.
local _, native = ...
local assertions = require "dogger.test.assert"
local difference = require "dogger.test.difference"
local show = difference.show

-- Assertions that take what is expected in front of the value: how many arguments that are, at least.
local EXPECTED = { equal = 1, same = 1, matches = 1, near = 2 }

local function several(words, test)
  return function(...)
    local matchers = { ... }
    for i, matcher in ipairs(matchers) do
      if not difference.is_matcher(matcher) then error(("match.%s takes matchers, and argument %d is %s"):format(words, i, show(matcher)), 3) end
    end
    return function(value, own)
      local count = 0
      for _, matcher in ipairs(matchers) do if matcher.holds(value, own) then count = count + 1 end end
      return test(count, #matchers)
    end
  end
end

local more = {
  any_of = several("is_any_of", function(count) return count > 0 end),
  all_of = several("is_all_of", function(count, all) return count == all end),
  none_of = several("is_none_of", function(count) return count == 0 end),
  ref = function(expected) return function(_, own) return rawequal(expected, own) end end,
}

local function written(spelling, arguments)
  local parts = {}
  for i = 1, arguments.n do parts[i] = show(arguments[i]) end
  return spelling .. "(" .. table.concat(parts, ", ") .. ")"
end

-- The function of a value that tells whether an assertion holds.
local function asked(name, check, arguments)
  local expected = EXPECTED[name]
  if not expected then return function(value) return (check(value)) end end
  if arguments.n < expected then error("match." .. name .. " takes what is expected", 3) end
  if name == "equal" then return function(_, own) return (check(arguments[1], own)) end end
  if name == "near" then return function(value) return (check(arguments[1], value, arguments[2])) end end
  return function(value) return (check(arguments[1], value, table.unpack(arguments, 2, arguments.n))) end
end

local root = assertions.phrase(function(name, negated, spelling, ...)
  local arguments = table.pack(...)
  local known, check = assertions.check(name)
  local holds
  if more[name] then
    holds = more[name](...)
  elseif known and not known:find("^error") then      -- those call what they are given
    holds = asked(known, check, arguments)
  else
    error(spelling .. " is no matcher; there are equal, same, ref, is_true, is_false, is_nil, truthy, falsy, is_string (or another type), near, matches, any_of, all_of and none_of, each with is_not and the like; and match._ for anything", 2)
  end
  return difference.matcher(written(spelling, arguments), function(value, own) return holds(value, own) ~= negated end)
end, "match")

native.test.define("match", setmetatable(
  { _ = difference.matcher("match._", function() return true end), is_matcher = difference.is_matcher },
  { __index = function(_, key) return root[key] end, __metatable = false }))
