-- What policies share: let through only what is listed, look at a body so that the engine can't read another, ask the engine.
local docker = require "dogger.docker"
local json = require "dogger.json"

local gate = {}

local MOST_BYTES = 1 << 20        -- of a body of JSON

-- Ends the request here. docker prints the text.
function gate.refuse(text, status)
  error({ status = status or 403, message = text }, 0)
end

-- Adds routes: gate.add(routes, handler, "GET /a POST /b").
function gate.add(routes, handler, patterns)
  for method, path in patterns:gmatch("(%S+) (/%S*)") do routes[method .. " " .. path] = handler end
end

function gate.pass(req)
  return req:forward()
end

-- Starts a container without a body: engines up to 25 would take a HostConfig there, with all that it may hold.
function gate.start(req)
  req.body = ""
  return req:forward()
end

-- Starts it as it was made: a checkpoint could be of another container, or anything in a directory of the host.
function gate.start_anew(req)
  for name in pairs(req.query) do
    if name ~= "detachKeys" then gate.refuse("a start with " .. name .. " is not allowed on this socket") end
  end
  return gate.start(req)
end

-- Keeps to the classic builds: BuildKit's make images and keep caches of which nobody here is told. Their containers go with them.
function gate.build(req)
  for _, version in ipairs(req:queries("version")) do
    if version ~= "1" and version ~= "" then gate.refuse("this socket takes builds of version 1 only: set DOCKER_BUILDKIT=0") end
  end
  for parameter in ("rm forcerm"):gmatch("%a+") do gate.set_query(req, parameter, "1") end
  return req:forward()
end

-- Lists a container's processes. ps could call another column PID, by which the engine tells the container's from all of the host's; and
-- it shows their environment, if it is asked with an e that has no dash, or that stands in what it can't read otherwise.
function gate.top(req)
  gate.plain(req)
  for _, options in ipairs(req:queries("ps_args")) do
    local is_known = options == "" or options == "-ef" or options == "aux" or options:find("^%-o *[%l,]+$")
    if not is_known or options:find("environ") then
      gate.refuse("of the options of ps, this socket takes only -ef, aux, and -o with a list of columns")
    end
  end
  return req:forward()
end

-- Refuses what the engine could read in another way than is looked at here.
function gate.plain(req)
  -- It would take a form's fields for the query's, and older ones end a parameter at a semicolon.
  local form = (req.headers["Content-Type"] or ""):lower():find("form", 1, true)
  local query = req.target:match("%?(.*)") or ""
  if form or query:find(";", 1, true) then gate.refuse("parameters are taken from the query only, and joined by &", 400) end
  gate.http(req)
end

-- Refuses a change of protocol, after which nothing could be looked at; what attach and exec carry is a container's own input and output.
function gate.http(req)
  local protocol = req.headers["Upgrade"]
  if protocol and protocol:lower() ~= "tcp" then gate.refuse("Upgrade: " .. protocol .. " is not allowed on this socket") end
end

-- A handler for what `routes` list; all else is refused.
function gate.only(routes, text)
  local listed = docker.api(routes)
  return function(req)
    gate.plain(req)
    return listed(req) or docker.error(403, text .. ": " .. req.method .. " " .. req.target:match("^[^?]*") .. " is not allowed")
  end
end

-- Bodies

-- The body, an object of JSON.
function gate.object(req)
  local kind = (req.headers["Content-Type"] or ""):lower():gsub("%s*;.*", "")
  if kind ~= "application/json" then gate.refuse("the body has to be application/json", 415) end
  if #req.body > MOST_BYTES then gate.refuse("the body is larger than " .. MOST_BYTES .. " bytes", 413) end
  local value = req:json()
  if type(value) ~= "table" or json.is_array(value) then gate.refuse("the body has to be an object", 400) end
  return value
end

-- A handler that lets a body go on when the rule finds nothing wrong with it. None goes on as none, unless there has to be one.
function gate.checked(rule, is_needed)
  return function(req)
    if req.body == "" and not is_needed then return req:forward() end
    local body = gate.object(req)
    rule(body, "the body", req)
    return gate.send(req, body)
  end
end

-- The same with the query.
function gate.queried(rule)
  return function(req)
    rule(gate.queries(req), "the query", req)
    return req:forward()
  end
end

-- The request goes on with this body.
function gate.send(req, value)
  req.body = json.encode(value)
  req.headers["Content-Type"] = "application/json"
  return req:forward()
end

function gate.is_empty(value)
  return value == nil or value == json.null or value == false or value == 0 or value == "" or type(value) == "table" and next(value) == nil
end

-- A value as text for a message, without the address that a table's text has.
function gate.told(value)
  return type(value) == "table" and "{...}" or tostring(value)
end

-- A rule is a function(value, name, req) that refuses a value, or does nothing. These make rules.

function gate.one_of(...)
  local allowed = {}
  for _, value in ipairs { ... } do allowed[value] = true end
  return function(value, name)
    if not allowed[value] then gate.refuse(("%s = %s is not allowed on this socket"):format(name, gate.told(value))) end
  end
end

function gate.each(rule)
  return function(list, name, req)
    if not json.is_array(list) then gate.refuse(name .. " has to be a list", 400) end
    for _, value in ipairs(list) do rule(value, name, req) end
  end
end

-- Of an object: `free` names fields that may have any value, `rules` has a rule for others. The engine reads names in any case, so
-- that a name counts only as it is spelled here. What is not named has to be empty, and does not go on: to the engine an empty
-- list may mean something else than none.
function gate.fields(free, rules)
  local known = {}
  for name in free:gmatch("%S+") do known[name] = gate.is_empty end
  for name, rule in pairs(rules or {}) do known[name] = rule end
  return function(object, where, req)
    if type(object) ~= "table" then gate.refuse(where .. " has to be an object", 400) end
    for name, value in pairs(object) do
      if not known[name] then
        if not gate.is_empty(value) then gate.refuse(where .. "." .. name .. " is not allowed on this socket") end
        object[name] = nil
      elseif not gate.is_empty(value) then
        known[name](value, where .. "." .. name, req)
      end
    end
  end
end

-- The same for a policy that leaves all other names alone: these may not come in another spelling. Go takes a long s for an s, too.
function gate.spelled(object, names, where)
  if type(object) ~= "table" then gate.refuse(where .. " has to be an object", 400) end
  local known = {}
  for name in names:gmatch("%S+") do known[name:lower()] = name end
  for name in pairs(object) do
    local folded = tostring(name):lower():gsub("\u{17F}", "s"):gsub("\u{212A}", "k")
    if known[folded] and known[folded] ~= name then gate.refuse(where .. "." .. name .. " has to be written " .. known[folded], 400) end
  end
end

-- Asking

-- Asks the engine something in the middle of a request. Gives the status, and the answer decoded.
function gate.ask(req, method, target, value)
  local ok, res = pcall(req.forward, req, { method = method, target = target, body = value and json.encode(value) or "" })
  if not ok then                      -- a policy behind this one refused it
    if type(res) == "table" and math.type(res.status) then return res.status, { message = res.message } end
    error(res, 0)
  end
  local is_json, answer = pcall(json.decode, res.body)
  return res.status, is_json and type(answer) == "table" and answer or {}
end

-- The same, of what has to be there: the engine's error is the client's.
function gate.find(req, target)
  local status, found = gate.ask(req, "GET", target)
  if status ~= 200 then gate.refuse(found.message or "the engine does not say what that is", status) end
  return found
end

-- The query, name to list of the values that say something.
function gate.queries(req)
  local all = {}
  for name in pairs(req.query) do
    all[name] = {}
    for _, value in ipairs(req:queries(name)) do
      if value ~= "" then table.insert(all[name], value) end
    end
  end
  return all
end

function gate.escape(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- Gives a parameter of the query a value, or a list of them, in place of all that it had.
function gate.set_query(req, name, value)
  local pairs_of_query = {}
  for _, text in ipairs(type(value) == "table" and value or { value }) do
    table.insert(pairs_of_query, gate.escape(name) .. "=" .. gate.escape(text))
  end
  for other in pairs(req.query) do
    for _, text in ipairs(other ~= name and req:queries(other) or {}) do
      table.insert(pairs_of_query, gate.escape(other) .. "=" .. gate.escape(text))
    end
  end
  req.target = req.target:match("^[^?]*") .. "?" .. table.concat(pairs_of_query, "&")
end

-- Points the request at another path, with the version and the query that it came with.
function gate.redirect(req, path)
  req.target = (req.version and "/v" .. req.version or "") .. path .. (req.target:match("%?.*$") or "")
end

return gate
