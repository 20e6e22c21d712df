-- Who made what: containers, volumes and networks carry a label with the uid of their maker. require "lib.owned" (label)
local gate = require "lib.gate"
local json = require "dogger.json"

local INSPECT = { containers = "/containers/%s/json", volumes = "/volumes/%s", networks = "/networks/%s" }
local COMMON_NETWORKS = { [""] = true, default = true, bridge = true, none = true, host = true }

return function(LABEL)
  local owned = { LABEL = LABEL }

  -- What the label says.
  function owned.maker(req)
    return tostring(req.peer.uid)
  end

  -- A build's containers have the labels of its Dockerfile, which may say anybody's. The engine makes them of an image by its whole
  -- id, or of none; for others see lib.making.
  function owned.is_of_build(image)
    return gate.is_empty(image) or tostring(image):find("^sha256:" .. ("%x"):rep(64) .. "$") ~= nil
  end

  function owned.is_own(req, labels)
    return type(labels) == "table" and labels[LABEL] == owned.maker(req)
  end

  -- A volume's name can become another's between the look at it and a container's making. Once it is in, it stays.
  local function has_others_volume(req, container)
    for _, mount in ipairs(type(container.Mounts) == "table" and container.Mounts or {}) do
      local _, found = gate.ask(req, "GET", INSPECT.volumes:format(gate.escape(mount.Name or "")))      -- a bind has no name
      local maker = type(found.Labels) == "table" and found.Labels[LABEL]
      if maker and maker ~= owned.maker(req) then return true end
    end
    return false
  end

  -- The id of the caller's own, and what the engine tells of it; to whoever else it belongs, it is not there: 404, or the status that
  -- is given. (Where 404 means the image, docker would pull it and not say the reason.)
  function owned.id(req, kind, name, absent)
    local status, found = gate.ask(req, "GET", INSPECT[kind]:format(gate.escape(gate.told(name))))
    local config = kind == "containers" and found.Config or found
    local is_own = status == 200 and owned.is_own(req, config.Labels)
    if not is_own or kind == "containers" and (owned.is_of_build(config.Image) or has_others_volume(req, found)) then
      gate.refuse(("No such %s: %s"):format(kind:sub(1, -2), gate.told(name)), absent or 404)
    end
    return found.Id or found.Name, found
  end

  -- Tells of a volume. It has no id, and its name could be another's by now: what is told is looked at again.
  function owned.volume(req)
    owned.id(req, "volumes", req.params.name)
    local res = req:forward()
    if res.status == 200 and req.method ~= "HEAD" and not owned.is_own(req, res:json().Labels) then
      gate.refuse("No such volume: " .. req.params.name, 404)
    end
    return res
  end

  function owned.is_common(network)
    return COMMON_NETWORKS[network] == true
  end

  -- The same of a network; those that are there for all have their names for ids.
  function owned.network(req, name)
    if owned.is_common(name) then return name end
    return owned.id(req, "networks", name, 400)
  end

  -- The exec's answer is the same, whether there is none or it is in another's container.
  function owned.exec(req, id)
    local status, found = gate.ask(req, "GET", "/exec/" .. gate.escape(id) .. "/json")
    if status ~= 200 or not pcall(owned.id, req, "containers", found.ContainerID) then gate.refuse("No such exec instance: " .. id, 404) end
  end

  -- Adds to the filters of a list: the caller's own.
  function owned.filter(req)
    local given = req.query.filters
    local ok, filters = pcall(json.decode, given ~= "" and given or "{}")
    if not ok or type(filters) ~= "table" then gate.refuse("filters has to be an object of JSON", 400) end
    for name, values in pairs(filters) do
      if type(values) ~= "table" then gate.refuse("a filter has to be a list", 400) end
      local list = json.is_array(values) and values or json.array()
      if list ~= values then           -- { "label": { "a=b": true } }, as old clients write it
        for value in pairs(values) do table.insert(list, value) end
      end
      -- These the engine looks up, and so would tell whether there is such a container.
      for i, value in ipairs((name == "before" or name == "since") and list or {}) do list[i] = owned.id(req, "containers", value) end
      filters[name] = list
    end
    filters.label = filters.label or json.array()
    table.insert(filters.label, LABEL .. "=" .. owned.maker(req))
    gate.set_query(req, "filters", json.encode(filters))
    return req:forward()
  end

  function owned.containers(req)
    local res = owned.filter(req)
    if res.status ~= 200 or req.method == "HEAD" then return res end
    local own = json.array()
    for _, listed in ipairs(res:json()) do
      -- An image's id is listed, too, where its name has become another's.
      if not owned.is_of_build(listed.Image) or pcall(owned.id, req, "containers", listed.Id) then table.insert(own, listed) end
    end
    return res:set_json(own)
  end

  -- An image's labels are its Dockerfile's as well.
  local function is_told(line)
    local is_json, event = pcall(json.decode, line)
    if not is_json or type(event) ~= "table" or type(event.Actor) ~= "table" then return false end
    return event.Type ~= "image" and (event.Type ~= "container" or not owned.is_of_build(event.Actor.Attributes.image))
  end

  function owned.events(req)
    local res, rest = owned.filter(req), ""
    if res.status ~= 200 then return res end
    return res:tap(function(_, bytes)
      local told, first = {}, 1
      rest = rest .. bytes
      while true do
        local last = rest:find("\n", first, true)      -- a pattern would take the square of a long line's length
        if not last then break end
        local line = rest:sub(first, last)
        if is_told(line) then table.insert(told, line) end
        first = last + 1
      end
      rest = rest:sub(first)
      return table.concat(told)
    end)
  end

  -- Of images the list and inspect; with manifests, engines would tell which containers use them.
  function owned.images(req)
    gate.set_query(req, "manifests", {})
    return req:forward()
  end

  -- The engine's refusals name what stands in the way by its id: whose a container's name is, or a bridge.
  function owned.refusal(req, res)
    local text = res and res.status >= 400 and res.status ~= 404 and res.body
    if not text then return res end
    for id in text:gmatch("%f[%w]" .. ("%x"):rep(12) .. "%x*%f[%W]") do
      local is_own = false
      for kind in pairs(INSPECT) do is_own = is_own or pcall(owned.id, req, kind, id) end
      if not is_own then text = text:gsub("%f[%w]" .. id .. "%f[%W]", "of another user") end
    end
    res.body = text
    return res
  end

  return owned
end
