-- req:forward(): calls the handlers behind this one, or the upstream, and gives the answer as an object that can be read,
-- changed, and returned. What is not touched goes by without passing through Lua.
local _, native = ...
local json = require "dogger.json"

local Response = {}
local methods = {}

-- Fields, read raw by the C half: status, headers; and where the body comes from, the first of these that is set:
--   content  a string, or a function(out) that writes it
--   switch   a function(stream) after an upgrade
--   number   the upstream's answer, and `look`, the function(stream) that its bytes go through
-- `request` is what the upstream's answer is read by.
local function new(status, headers)
  return setmetatable({ status = status, headers = headers }, Response)
end

-- Collects what a body's function writes.
local function collect(write)
  local parts = {}
  local out = {}
  function out:write(...)
    for _, part in ipairs { ... } do parts[#parts + 1] = tostring(part) end
    return self
  end
  write(out)
  return table.concat(parts)
end

local function whole_body(res)
  local content = rawget(res, "content")
  if type(content) == "function" then
    content = collect(content)
  elseif content == nil and rawget(res, "number") then
    if rawget(res, "upgraded") then error("an upgraded response has no body: use res:tap(function(direction, bytes) ... end)", 3) end
    content = native.body(rawget(res, "request"), rawget(res, "number"))
  end
  content = content or ""
  rawset(res, "content", content)
  return content
end

function Response.__index(res, name)
  if name == "body" then return whole_body(res) end
  return methods[name]
end

function Response.__newindex(res, name, value)
  if name ~= "body" then error("a response has no field '" .. tostring(name) .. "': set status, headers[name] or body", 2) end
  if type(value) ~= "string" and type(value) ~= "function" then error("the response's body is " .. type(value) .. ", not a string or a function(out)", 2) end
  rawset(res, "content", value)
end

Response.__metatable = false
Response.__name = "dogger.response"

function methods.json(res)
  local ok, value = pcall(json.decode, whole_body(res))
  if not ok then error("the response's body is not JSON: " .. tostring(value), 2) end
  return value
end

function methods.set_json(res, value)
  rawset(res, "content", json.encode(value))
  if not (res.headers["Content-Type"] or ""):find("^application/json") then res.headers["Content-Type"] = "application/json" end
  return res
end

-- What is read here goes by the client, unless the script writes it.
function methods.chunks(res)
  local content, number = rawget(res, "content"), rawget(res, "number")
  if content ~= nil or not number then
    local given = false
    return function()
      if given then return nil end
      given = true
      local body = whole_body(res)
      return body ~= "" and body or nil
    end
  end
  local request = rawget(res, "request")
  return function() return native.chunk(request, number) end
end

-- Every run of bytes goes through look(direction, bytes), "up" to the upstream or "down" to the client; what it returns goes
-- on in their place, nothing where it returns nil.
function methods.tap(res, look)
  if type(look) ~= "function" then error("res:tap takes a function(direction, bytes)", 2) end
  local request, number = rawget(res, "request"), rawget(res, "number")
  if not number or rawget(res, "content") ~= nil then
    local body = whole_body(res)
    rawset(res, "content", body ~= "" and look("down", body) or "")
    return res
  end
  rawset(res, "look", function()
    while true do
      local direction, bytes = native.tap_next(request, number)
      if not direction then return end
      if bytes == nil then
        native.tap_close(request, number, direction)
      else
        local changed = look(direction, bytes)
        if changed and changed ~= "" then native.tap_write(request, number, direction, changed) end
      end
    end
  end)
  return res
end

native.register_response(Response)

local CONTENT_TYPE = "text/plain; charset=utf-8"

-- What a handler behind this one returned, as a response object.
local function wrap(value)
  if getmetatable(value) == false and type(value) == "table" and rawget(value, "headers") then return value end
  local headers = native.new_headers()
  if type(value) == "string" then
    headers["Content-Type"] = CONTENT_TYPE
    local res = new(200, headers)
    rawset(res, "content", value)
    return res
  end
  if type(value) ~= "table" then
    error("the next handler returned " .. type(value) .. "; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade", 3)
  end
  for name, header in pairs(value.headers or {}) do headers[name] = header end
  local res = new(value.status or 200, headers)
  if value.json ~= nil then
    rawset(res, "content", json.encode(value.json))
    if not headers["Content-Type"] then headers["Content-Type"] = "application/json" end
  elseif value.body ~= nil then
    rawset(res, "content", value.body)
    if not headers["Content-Type"] then headers["Content-Type"] = CONTENT_TYPE end
  elseif value.upgrade ~= nil then
    rawset(res, "switch", value.upgrade)
  end
  return res
end

local function escape(text, keep)
  return (text:gsub(keep, function(c) return ("%%%02X"):format(c:byte()) end))
end

-- The query of a table: names in order, so that the same table gives the same target.
local function encode_query(query)
  local names = {}
  for name in pairs(query) do names[#names + 1] = tostring(name) end
  table.sort(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = escape(name, "[^%w%-%._~]") .. "=" .. escape(tostring(query[name]), "[^%w%-%._~]")
  end
  return table.concat(parts, "&")
end

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function same_as_raw(query, raw)
  local seen = {}
  for pair in raw:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    seen[decode(name)] = decode(value)
  end
  for name, value in pairs(seen) do if query[name] ~= value then return false end end
  for name, value in pairs(query) do if seen[name] ~= value then return false end end
  return true
end

-- The target to send; nil where the script has changed nothing of it.
local function changed_target(req)
  local given, path, query = native.own(req, "target"), native.own(req, "path"), native.own(req, "query")
  local raw_path, raw_query = req.target:match("^([^?]*)%??(.*)$")
  -- The absolute form, http://d/path, names the server too. With that it would differ from the path that was merely looked at.
  raw_path = raw_path:gsub("^%a[%w+.-]*://[^/]*", "")
  if raw_path == "" then raw_path = "/" end
  if path == "" then path = "/" end
  local new_path, new_query
  if path and path ~= decode((raw_path:gsub("%+", "%%2B"))) then new_path = escape(path, "[^%w%-%._~/:@!%$&'%(%)%*,;=]") end
  if query and not same_as_raw(query, raw_query) then new_query = encode_query(query) end
  if not new_path and not new_query then return given end
  local q = new_query or raw_query
  return (new_path or raw_path) .. (q ~= "" and "?" .. q or "")
end

-- A script that catches an error of a later handler is still where it was: what it forwards then has to pass that handler again.
local Place = { __close = function(place) native.go_back(place.req, place.position) end }

local function ask_next(req)
  local place <close> = setmetatable({ req = req, position = native.position(req) }, Place)
  return (native.next_handler(req))
end

local function forward(req)
  local value
  if native.has_chain then value = ask_next(req) end
  if value ~= nil then return wrap(value) end
  if not native.has_upstream then return wrap { status = 404, json = { message = "page not found" } } end
  local number, status, headers, upgraded = native.send(req, native.own(req, "method"), changed_target(req))
  local res = new(status, headers)
  rawset(res, "request", req)
  rawset(res, "number", number)
  rawset(res, "upgraded", upgraded)
  return res
end

-- What changes of the request while it goes on with others; the target first, since path and query are parts of it.
local KEPT = { "target", "path", "query", "method", "body", "params", "version" }
local CHANGES = { method = true, target = true, body = true }

-- With `changes` only this one goes up changed: the request is after as it was before.
return function(req, changes)
  if changes == nil then return forward(req) end
  if type(changes) ~= "table" then error("req:forward takes nothing, or a table of method, target and body", 3) end
  for name, value in pairs(changes) do
    if not CHANGES[name] or type(value) ~= "string" then error("req:forward takes a table of method, target and body, each a string", 3) end
  end
  local before = {}
  for _, name in ipairs(KEPT) do before[name] = native.own(req, name) end
  for name, value in pairs(changes) do req[name] = value end
  local ok, res = pcall(forward, req)
  for _, name in ipairs(KEPT) do req[name] = before[name] end
  if not ok then error(res, 0) end
  return res
end
