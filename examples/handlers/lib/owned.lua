-- Who made what: containers, volumes and networks carry a label with the uid of their maker. require "lib.owned" (label)
local gate = require "lib.gate"
local json = require "dogger.json"
local label = require "lib.labelled"

local INSPECT = { containers = "/containers/%s/json", volumes = "/volumes/%s", networks = "/networks/%s" }
local COMMON_NETWORKS = { [""] = true, default = true, bridge = true, none = true, host = true }

return function(LABEL)
  local owned = {}
  local labelled = label(LABEL)

  local function is_mine(req, labels)
    return type(labels) == "table" and labels[LABEL] == tostring(req.peer.uid)
  end

  -- The id of the caller's own; to whoever else it belongs, it is not there.
  function owned.id(req, kind, name)
    local status, found = gate.ask(req, "GET", INSPECT[kind]:format(gate.escape(tostring(name))))
    local labels = status == 200 and (kind == "containers" and found.Config or found).Labels
    if not is_mine(req, labels) then gate.refuse(("No such %s: %s"):format(kind:sub(1, -2), tostring(name)), 404) end
    return found.Id or found.Name
  end

  function owned.label(req, body)
    labelled.object(body, "the body", tostring(req.peer.uid))
  end

  -- Makes a volume, if there is none of that name; that of another is not there. One without a name is always new.
  function owned.volume(req, body)
    gate.spelled(body, "Name", "the body")
    owned.label(req, body)
    if gate.is_empty(body.Name) then return end
    local status, made = gate.ask(req, "POST", "/volumes/create", body)
    if status >= 400 then gate.refuse(made.message or "the volume can't be made", status) end
    if not is_mine(req, made.Labels) then gate.refuse("the volume's name is taken", 409) end
  end

  -- Two networks of one name could be told apart by neither owner.
  function owned.new_network(req, body)
    gate.spelled(body, "CheckDuplicate", "the body")
    owned.label(req, body)
    body.CheckDuplicate = true
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
      if not json.is_array(values) then           -- { "label": { "a=b": true } }, as old clients write it
        local list = json.array()
        for value in pairs(values) do table.insert(list, value) end
        filters[name] = list
      end
    end
    filters.label = filters.label or json.array()
    table.insert(filters.label, LABEL .. "=" .. tostring(req.peer.uid))
    gate.set_query(req, "filters", json.encode(filters))
  end

  function owned.network(req, name)
    if not COMMON_NETWORKS[name] then owned.id(req, "networks", name) end
  end

  local function each(list, change)
    if type(list) ~= "table" then return end
    for i, value in ipairs(list) do list[i] = change(value) end
  end

  -- "NAME" or "NAME:more", of a container.
  local function reference(req)
    return function(text)
      local name, more = tostring(text):match("^([^:]*)(.*)$")
      return owned.id(req, "containers", name) .. more
    end
  end

  local function endpoint(req, settings)
    if gate.is_empty(settings) then return end
    gate.spelled(settings, "Links NetworkID", "the endpoint")
    each(settings.Links, reference(req))
    settings.NetworkID = nil      -- to the engine this would count more than the name that was looked at
  end

  -- What a new container would share with others: in HostConfig, or where old clients put the same.
  local function shared(req, config, where)
    if gate.is_empty(config) then return end
    gate.spelled(config, "VolumesFrom Links NetworkMode IpcMode PidMode Cgroup", where)
    each(config.VolumesFrom, reference(req))
    each(config.Links, reference(req))
    for _, name in ipairs { "NetworkMode", "IpcMode", "PidMode", "Cgroup" } do
      local other = tostring(config[name]):match("^container:(.*)$")
      if other then config[name] = "container:" .. owned.id(req, "containers", other) end
    end
    local network = config.NetworkMode
    if not gate.is_empty(network) and not tostring(network):find("^container:") then owned.network(req, network) end
  end

  -- Rules for bodies.

  function owned.container(body, _, req)
    gate.spelled(body, "HostConfig NetworkingConfig", "the body")
    shared(req, body, "the body")
    shared(req, body.HostConfig, "HostConfig")
    if not gate.is_empty(body.NetworkingConfig) then
      gate.spelled(body.NetworkingConfig, "EndpointsConfig", "NetworkingConfig")
      local endpoints = body.NetworkingConfig.EndpointsConfig
      for name, settings in pairs(type(endpoints) == "table" and endpoints or {}) do
        owned.network(req, name)
        endpoint(req, settings)
      end
    end
    labelled.container(body, tostring(req.peer.uid), function(volume) owned.volume(req, volume) end)
  end

  function owned.connection(body, _, req)
    gate.spelled(body, "Container EndpointConfig", "the body")
    body.Container = owned.id(req, "containers", body.Container)
    endpoint(req, body.EndpointConfig)
  end

  return owned
end
