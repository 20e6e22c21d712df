-- Stands in for a request where the library is tested: what it needs of one. `engine` answers what is asked on the way.
local json = require "dogger.json"

local function decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

return function(fields, engine)
  local values = {}      -- of the query: name to list
  local target = "/"
  local req = { method = "GET", query = {}, headers = {}, body = "" }
  function req:queries(name) return table.move(values[name] or {}, 1, #(values[name] or {}), 1, {}) end
  function req:json() return json.decode(self.body) end
  function req:forward(changes) return engine and engine(changes or self) or { status = 200, body = "passed" } end

  local function set_target(_, name, value)
    if name ~= "target" then return rawset(req, name, value) end
    target, values, req.query = value, {}, {}
    for key, text in (value:match("%?(.*)") or ""):gmatch("([^&=]+)=([^&]*)") do
      values[key] = values[key] or {}
      table.insert(values[key], decode(text))
      req.query[key] = decode(text)
    end
  end
  setmetatable(req, { __index = function(_, name) return name == "target" and target or nil end, __newindex = set_target })
  for name, value in pairs(fields or {}) do req[name] = value end
  return req
end
