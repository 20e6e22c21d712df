-- Hides the values of environment variables, where keys and passwords tend to be: docker inspect shows NAME=*** for each.
-- @needs upstream
local docker = require "dogger.docker"

-- Commands that an image was built with hold its ENV instructions, and build arguments: |1 NAME=value /bin/sh -c ...
local IS_COMMAND = { Cmd = true, Args = true, Command = true, CreatedBy = true }

local function hide(value, name)
  if type(value) == "string" then
    if name == "Env" then return (value:gsub("=.*", "=***")) end
    if name == "Value" then return "***" end      -- a plugin's variable is a table of Name, Value and more
    if IS_COMMAND[name] then return (value:gsub("ENV .*", "ENV ***"):gsub("^|%d+ .*", "|***")) end
  elseif type(value) == "table" then
    local arguments = IS_COMMAND[name] and math.tointeger(tostring(value[1]):match("^|(%d+)$")) or 0
    for key, inner in pairs(value) do
      local is_argument = math.type(key) and key > 1 and key <= arguments + 1
      value[key] = is_argument and "***" or hide(inner, math.type(key) and name or key)
    end
  end
  return value
end

local function hidden(req)
  local res = req:forward()
  if res.status ~= 200 then return res end
  return res:set_json(hide(res:json()))
end

-- ps shows the environment too, if it is asked with an e that has no dash, or that stands in what it can't read otherwise.
local function top(req)
  for _, options in ipairs(req:queries("ps_args")) do
    if options ~= "-ef" and not options:find("^%-o *[%l,]+$") then
      return docker.error(403, "of the options of ps, this socket takes only -ef and -o with a list of columns")
    end
  end
  return req:forward()
end

return docker.api {
  ["GET /containers/json"] = hidden, ["GET /containers/{id...}/json"] = hidden, ["GET /containers/{id...}/top"] = top,
  ["GET /images/{name...}/json"] = hidden, ["GET /images/{name...}/history"] = hidden,
  ["GET /exec/{id...}/json"] = hidden, ["GET /plugins"] = hidden, ["GET /plugins/{name...}/json"] = hidden,
  ["GET /services"] = hidden, ["GET /services/{id...}"] = hidden, ["GET /tasks"] = hidden, ["GET /tasks/{id...}"] = hidden,
  ["GET /system/df"] = hidden,
}
