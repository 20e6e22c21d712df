-- Values as text, and where two of them differ.
local json = require "dogger.json"

local difference = {}

local function is_name(key) return type(key) == "string" and key:find("^[%a_][%w_]*$") ~= nil end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(text)
  text = text:gsub('[%c"\\]', function(c) return ESCAPES[c] or ("\\%03d"):format(c:byte()) end)
  if not utf8.len(text) then text = text:gsub("[\x80-\xFF]", function(c) return ("\\%03d"):format(c:byte()) end) end
  return '"' .. text .. '"'
end

local RANK = { number = 1, string = 2, boolean = 3 }

local function sorted_keys(...)
  local keys, known = {}, {}
  for _, value in ipairs { ... } do
    for key in next, value do
      if not known[key] then keys[#keys + 1] = key end
      known[key] = true
    end
  end
  table.sort(keys, function(a, b)
    local left, right = RANK[type(a)] or 4, RANK[type(b)] or 4
    if left ~= right then return left < right end
    if left <= 2 then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

-- What stands for any value that it holds for: { holds = function(value, own), text = how it is written }. `own` is the value
-- itself, where `value` is a copy of what it was. See test_match.lua.
local Matcher = { __name = "matcher", __tostring = function(matcher) return matcher.text end }

local function is_matcher(value) return type(value) == "table" and getmetatable(value) == Matcher end

function difference.matcher(text, holds) return setmetatable({ text = text, holds = holds }, Matcher) end

difference.is_matcher = is_matcher

local function show(value, seen)
  if value == json.null then return "json.null" end
  if is_matcher(value) then return value.text end
  if type(value) == "string" then return quote(value) end
  if type(value) ~= "table" then return tostring(value) end
  if next(value) == nil then return json.is_array(value) and "json.array()" or "{}" end
  if seen[value] then return "{ ... the same table again }" end
  seen[value] = true
  local parts, expected = {}, 1
  for _, key in ipairs(sorted_keys(value)) do
    local text = show(rawget(value, key), seen)
    if key == expected then
      expected = expected + 1
    else
      text = (is_name(key) and key or "[" .. show(key, seen) .. "]") .. " = " .. text
    end
    parts[#parts + 1] = text
  end
  seen[value] = nil
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- One line, cut where it is too long.
function difference.show(value, limit)
  local text = show(value, {})
  limit = limit or 400
  if #text <= limit then return text end
  local cut = limit
  while cut > 0 and text:byte(cut + 1) & 0xC0 == 0x80 do cut = cut - 1 end
  return text:sub(1, cut) .. " ..."
end

-- Deep equality. An empty table of the test stands for an empty list and an empty object alike; json.array() for a list only.
local function same(expected, actual, seen)
  if expected == actual then return true end
  if is_matcher(expected) then return expected.holds(actual, actual) end
  if type(expected) ~= "table" or type(actual) ~= "table" then return false end
  if seen[expected] == actual then return true end
  seen[expected] = actual
  for key, value in next, expected do
    if not same(value, rawget(actual, key), seen) then return false end
  end
  for key in next, actual do
    if rawget(expected, key) == nil then return false end
  end
  return next(expected) ~= nil or not json.is_array(expected) or json.is_array(actual)
end

function difference.same(expected, actual) return same(expected, actual, {}) end

-- Where two strings part: what stands there in each.
local function strings(expected, actual)
  local at = 1
  while expected:byte(at) and expected:byte(at) == actual:byte(at) do at = at + 1 end
  local from = math.max(1, at - 30)
  local function excerpt(text)
    local rest = text:sub(from, at + 50)
    return (from > 1 and "..." or "") .. quote(rest) .. (at + 50 < #text and "..." or "")
  end
  return excerpt(expected), excerpt(actual), at
end

local function is_long(value) return type(value) == "string" and #value > 70 end

-- The two values of a place that differ, and what to say of it.
local function leaf(expected, actual)
  if is_long(expected) and type(actual) == "string" or is_long(actual) and type(expected) == "string" then
    local left, right, at = strings(expected, actual)
    return left, right, ("  (from byte %d on)"):format(at)
  end
  return difference.show(expected), difference.show(actual), ""
end

local MOST_EQUAL = 4

local function step(path, key) return path .. (is_name(key) and "." .. key or "[" .. show(key, {}) .. "]") end

local function walk(out, places, path, indent, expected, actual, open)
  local equal = {}
  local function flush()
    if #equal > MOST_EQUAL then
      out[#out + 1] = ("    %s... %d that are equal"):format(indent, #equal)
    else
      table.move(equal, 1, #equal, #out + 1, out)
    end
    equal = {}
  end
  for _, key in ipairs(sorted_keys(expected, actual)) do
    local left, right = rawget(expected, key), rawget(actual, key)
    local name = (is_name(key) and key or "[" .. show(key, {}) .. "]") .. " = "
    if difference.same(left, right) and left ~= nil and right ~= nil then
      if is_matcher(left) then left = right end
      equal[#equal + 1] = "    " .. indent .. name .. difference.show(left, 80) .. ","
    else
      flush()
      local inner = step(path, key)
      if type(left) == "table" and type(right) == "table" and not is_matcher(left) and (next(left) ~= nil or next(right) ~= nil) and not open[left] then
        open[left] = true
        out[#out + 1] = "    " .. indent .. name .. "{"
        walk(out, places, inner, indent .. "  ", left, right, open)
        out[#out + 1] = "    " .. indent .. "},"
        open[left] = nil
      else
        places[#places + 1] = inner
        local one, other, remark = leaf(left, right)
        if left ~= nil then out[#out + 1] = "  - " .. indent .. name .. one .. "," .. remark end
        if right ~= nil then out[#out + 1] = "  + " .. indent .. name .. other .. "," end
      end
    end
  end
  flush()
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- Texts of several lines: those that differ, with two around them.
local function texts(expected, actual)
  local left, right = lines_of(expected), lines_of(actual)
  local first = 1
  while left[first] and left[first] == right[first] do first = first + 1 end
  local last = 0
  while last < math.min(#left, #right) - first + 1 and left[#left - last] == right[#right - last] do last = last + 1 end
  local out = {}
  local function add(mark, lines, from, to)
    for i = math.max(1, from), math.min(to, #lines) do out[#out + 1] = mark .. quote(lines[i]):sub(2, -2) end
  end
  add("    ", left, first - 2, first - 1)
  add("  - ", left, first, math.min(#left - last, first + 20))
  add("  + ", right, first, math.min(#right - last, first + 20))
  add("    ", left, #left - last + 1, #left - last + 2)
  return ("the texts differ from line %d on (- expected, + got):\n%s"):format(first, table.concat(out, "\n"))
end

-- Says how two values differ.
function difference.explain(expected, actual)
  if type(expected) == "table" and type(actual) == "table" and not is_matcher(expected) and (next(expected) ~= nil or next(actual) ~= nil) then
    local out, places = { "    {" }, {}
    walk(out, places, "", "  ", expected, actual, { [expected] = true })
    out[#out + 1] = "    }"
    local where = table.concat(places, ", ", 1, math.min(#places, 3))
    if #places > 3 then where = where .. (" and %d more places"):format(#places - 3) end
    return ("the values differ at %s (- expected, + got):\n%s"):format(where, table.concat(out, "\n"))
  end
  if type(expected) == "string" and type(actual) == "string" and (expected:find("\n.") or actual:find("\n.")) then return texts(expected, actual) end
  local left, right, remark = leaf(expected, actual)
  if left == right then left, right = left .. " (" .. type(expected) .. ")", right .. " (" .. type(actual) .. ")" end
  return ("expected: %s%s\ngot:      %s"):format(left, remark, right)
end

return difference
