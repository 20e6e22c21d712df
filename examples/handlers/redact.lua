-- Hides the values of environment variables, where keys and passwords tend to be: docker inspect shows NAME=*** for each.
-- Covered is what the engine tells of containers, execs, images and their history (build arguments too), plugins, services and tasks.
-- Not covered is what somebody can run (exec env, a build), what is taken out whole (docker save, cp, export), what programs print
-- (logs, attach, health checks), and values that are written elsewhere: into a command line, a label, what a service logs
-- (--log-opt env), BuildKit's own history of builds. To close most of these, too: dogger run readonly.lua redact.lua, and take out of
-- readonly.lua the routes with /get, /archive, /export and /logs.
-- @needs upstream
local docker = require "dogger.docker"
local gate = require "lib.gate"

-- Commands that an image was built with hold its instructions, and build arguments: |1 NAME=value /bin/sh -c ...
local IS_COMMAND = { Cmd = true, Args = true, Command = true, CreatedBy = true, OnBuild = true }

local function command(text)
  return (text:gsub("%f[%w]([Ee][Nn][Vv])%s.*", "%1 ***"):gsub("%f[%w]([Aa][Rr][Gg])%s.*", "%1 ***"):gsub("|%d+ .*", "|***"))
end

-- A plugin that runs as a service has them as env.
local function is_env(name) return tostring(name):lower() == "env" end

local function hide(value, name, is_variable)
  if type(value) == "string" then
    if is_env(name) then return (value:gsub("=.*", "=***")) end
    if is_variable and name == "Value" then return "***" end      -- a plugin's variable is a table of Name, Value and more
    return IS_COMMAND[name] and command(value) or value
  elseif type(value) == "table" then
    local arguments = IS_COMMAND[name] and math.tointeger(tostring(value[1]):match("^|(%d+)$")) or 0
    for key, inner in pairs(value) do
      local is_argument = math.type(key) and key > 1 and key <= arguments + 1
      value[key] = is_argument and "***" or hide(inner, math.type(key) and name or key, is_variable or is_env(name))
    end
  end
  return value
end

local function hidden(req)
  local res = req:forward()
  if res.status ~= 200 or req.method == "HEAD" then return res end
  return res:set_json(hide(res:json()))
end

-- The details of a line hold the values of variables that --log-opt env=NAME named.
local function logs(req) gate.set_query(req, "details", {}) return req:forward() end

local routes = {}
gate.add(routes, hidden, [[
  GET /containers/json  GET /containers/{id...}/json  GET /exec/{id...}/json  GET /images/{name...}/json  GET /images/{name...}/history
  GET /plugins  GET /plugins/{name...}/json  GET /services  GET /services/{id...}  GET /tasks  GET /tasks/{id...}  GET /system/df]])
routes["GET /containers/{id...}/top"], routes["GET /containers/{id...}/logs"] = gate.top, logs
gate.add(routes, gate.pass, "GET /services/{id...}/logs GET /tasks/{id...}/logs")

local listed = docker.api(routes)
local builder = docker.api { ["POST /session"] = gate.pass, ["POST /grpc"] = gate.pass }      -- BuildKit's own protocol

return function(req)
  local res = builder(req)
  if res then return res end
  gate.http(req)
  return listed(req)
end
