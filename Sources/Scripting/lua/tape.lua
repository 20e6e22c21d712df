-- require "dogger.tape": plays what `dogger record` has recorded.
--
--   local tape = require("dogger.tape").open { speed = 1 }
--   return { ["GET /lines"] = tape.play { { body = "first\n" }, { body = "from then on\n" } } }
--
-- A reply is a table: what a handler returns (status, headers, and one of json, body and upgrade), and besides
--   query        it is for requests with this query only: names with a value, or with a list of them; if it is for no other reply,
--                the values of since and until may differ
--   times        how often it is given before the next one; 1 where it is not set
--   after        seconds before the answer
--   body_after   seconds between the answer's head and its body
-- or it is a handler itself, a function(req).
local dogger = require "dogger"
local json = require "dogger.json"

local FIELDS = { status = true, headers = true, json = true, body = true, upgrade = true, query = true, times = true, after = true,
  body_after = true }

-- Names that come in another order than the alphabet's: by the names in the alphabet's order.
local function key_of(names)
  local sorted = table.move(names, 1, #names, 1, {})
  table.sort(sorted)
  return table.concat(sorted, "\0")
end

-- The order of those whose names are most like these: for an object that was edited.
local function nearest(names, orders)
  local best, most = nil, 0
  for _, order in ipairs(orders) do
    local shared = 0
    for _, name in ipairs(names) do if order.rank[name] then shared = shared + 1 end end
    if shared > most then best, most = order, shared end
  end
  return most * 2 > #names and best or nil
end

local function sorted_names(object, orders)
  local names = {}
  for name in next, object do
    -- What is no object is encode's to refuse, with its words.
    if type(name) ~= "string" then return nil end
    names[#names + 1] = name
  end
  if #names < 2 then return names end
  local order = orders.by_names[key_of(names)] or nearest(names, orders)
  local rank = order and order.rank or {}
  table.sort(names, function(a, b)
    local x, y = rank[a] or math.huge, rank[b] or math.huge
    if x ~= y then return x < y end
    return a < b
  end)
  return names
end

local function encode(value, orders, parts)
  if type(value) ~= "table" then
    parts[#parts + 1] = json.encode(value)
  elseif json.is_array(value) then
    parts[#parts + 1] = "["
    for i, item in ipairs(value) do
      if i > 1 then parts[#parts + 1] = "," end
      encode(item, orders, parts)
    end
    parts[#parts + 1] = "]"
  else
    local names = sorted_names(value, orders)
    if not names then
      parts[#parts + 1] = json.encode(value)
      return
    end
    parts[#parts + 1] = "{"
    for i, name in ipairs(names) do
      parts[#parts + 1] = (i > 1 and "," or "") .. json.encode(name) .. ":"
      encode(value[name], orders, parts)
    end
    parts[#parts + 1] = "}"
  end
end

local function check_reply(reply)
  if type(reply) == "function" then return end
  if type(reply) ~= "table" then error("tape.play: a reply is a table or a function(req), not " .. type(reply), 3) end
  for name in pairs(reply) do
    if not FIELDS[name] then
      error("tape.play: a reply has no field '" .. tostring(name) .. "'; it has status, headers, json, body, upgrade, query, times, "
        .. "after and body_after", 3)
    end
  end
end

local function values(req, name)
  local list = req:queries(name)
  return #list == 1 and list[1] or list
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  if #a ~= #b then return false end
  for i = 1, #a do if a[i] ~= b[i] then return false end end
  return true
end

-- Docker's clients put the time of now into these: with `--since 1h` they are others in each request.
local TIMES = { since = true, ["until"] = true }

-- Anyhow: whatever the times are.
local function is_for(reply, req, anyhow)
  local query = type(reply) == "table" and reply.query
  if not query then return true end
  for name, value in pairs(query) do
    if not same(value, values(req, name)) and not (anyhow and TIMES[name] and req.query[name]) then return false end
  end
  for name in pairs(req.query) do if query[name] == nil then return false end end
  return true
end

local function error_answer(status, message)
  return { status = status, json = { message = message } }
end

local function open(options)
  local speed, shared = options.speed or 1, options.headers or {}
  if type(speed) ~= "number" or not (speed > 0) then
    error("dogger.tape: speed is a number above 0; math.huge leaves all pauses out", 2)
  end
  local tape = {}
  local orders = { by_names = {} }

  -- Waits for so many seconds of the recording.
  function tape.pause(seconds)
    dogger.sleep(seconds / speed)
  end

  -- Waits until the client goes.
  function tape.hold()
    while true do dogger.sleep(3600) end
  end

  -- Takes what the client sends on an upgraded stream, up to its half-close.
  function tape.drain(stream)
    while stream:read() do end
  end

  -- JSON and a line feed.
  function tape.line(value)
    local parts = {}
    encode(value, orders, parts)
    parts[#parts + 1] = "\n"
    return table.concat(parts)
  end

  -- In which order the names of JSON objects are to come: an object a line, lines with more indentation go on.
  function tape.order(text)
    local list
    for space, line in text:gmatch("( *)([^\n]+)") do
      if #space < 4 or not list then
        list = {}
        orders[#orders + 1] = list
      end
      for name in line:gmatch("%S+") do list[#list + 1] = name end
    end
    for _, names in ipairs(orders) do
      orders.by_names[key_of(names)] = names
      names.rank = {}
      for i, name in ipairs(names) do names.rank[name] = i end
    end
  end

  -- For what is not on the tape.
  function tape.missing(req)
    return error_answer(404, "the tape has no answer to " .. req.method .. " " .. req.path)
  end

  local function answer(reply)
    if reply.after then tape.pause(reply.after) end
    local response = { status = reply.status, upgrade = reply.upgrade, body = reply.body }
    local headers = {}
    if not reply.upgrade then for name, value in pairs(shared) do headers[name] = value end end
    for name, value in pairs(reply.headers or {}) do headers[name] = value end
    if reply.json ~= nil then
      response.body = tape.line(reply.json)
      headers["Content-Type"] = headers["Content-Type"] or "application/json"
    end
    response.headers = headers
    if reply.body_after then
      local body = response.body
      headers["Content-Type"] = headers["Content-Type"] or "text/plain; charset=utf-8"
      response.body = function(out)
        tape.pause(reply.body_after)
        out:write(body)
      end
    end
    return response
  end

  -- A handler that gives one reply each time, or the replies of a list one after the other, and then the last one each time.
  function tape.play(replies)
    if type(replies) ~= "table" then error("tape.play takes a reply, or a list of them, not " .. type(replies), 2) end
    if #replies == 0 then replies = { replies } end
    for _, reply in ipairs(replies) do check_reply(reply) end
    local given = {}
    local function choose(req, anyhow)
      local last
      for i, reply in ipairs(replies) do
        if is_for(reply, req, anyhow) then
          local times = type(reply) == "table" and reply.times or 1
          if (given[i] or 0) < times then
            given[i] = (given[i] or 0) + 1
            return reply
          end
          last = reply
        end
      end
      return last
    end
    return function(req)
      local reply = choose(req) or choose(req, true)
      if reply == nil then
        return error_answer(404, "the tape has answers to " .. req.method .. " " .. req.path .. ", but none for the query of "
          .. req.target)
      end
      if type(reply) == "function" then return reply(req) end
      -- A client that is still sending may not look for an answer yet.
      for _ in req:chunks() do end
      return answer(reply)
    end
  end

  return tape
end

return { open = open }
