-- What may go into what a caller makes: of what there is already, only the caller's own. require "lib.making" (owned)
local gate = require "lib.gate"
local label = require "lib.labelled"

return function(owned)
  local making = {}
  local labelled = label(owned.LABEL)

  -- Makes a volume, if there is none of that name; that of another is not there. One without a name is always new.
  local function volume(req, body)
    gate.spelled(body, "Name", "the body")
    labelled.object(body, "the body", owned.maker(req))
    if gate.is_empty(body.Name) then return end
    local status, made = gate.ask(req, "POST", "/volumes/create", body)
    if status >= 400 then gate.refuse(made.message or "the volume can't be made", status) end
    if not owned.is_own(req, made.Labels) then gate.refuse("the volume's name is taken", 409) end
  end

  local function each(list, change)
    if type(list) ~= "table" then return end
    for i, value in ipairs(list) do list[i] = change(value) end
  end

  -- "NAME" or "NAME:more", of a container.
  local function reference(req)
    return function(text)
      local name, more = gate.told(text):match("^([^:]*)(.*)$")
      return owned.id(req, "containers", name, 400) .. more
    end
  end

  -- Settings for an end of that network. It is meant by its id, also when the container is started one day, though engines keep its
  -- name: that could be another's network by then, or the beginning of another's id. Networks that are there for all have fixed names.
  local function endpoint(req, settings, network)
    if gate.is_empty(settings) then settings = {} end
    gate.spelled(settings, "Links NetworkID", "the endpoint")
    each(settings.Links, reference(req))
    settings.NetworkID = not owned.is_common(network) and network or nil
    return settings
  end

  -- In another container's cgroup it would use up what that one may use, and be killed and frozen with it.
  local function own_cgroup(parent, where)
    if not gate.is_empty(parent) then gate.refuse(where .. ": another cgroup than the engine gives is not allowed on this socket") end
  end

  -- What a new container would share with others: in HostConfig, or where old clients put the same. Gives its network.
  local function shared(req, config, where)
    if gate.is_empty(config) then return end
    gate.spelled(config, "VolumesFrom Links NetworkMode IpcMode PidMode Cgroup CgroupParent", where)
    own_cgroup(config.CgroupParent, where .. ".CgroupParent")
    each(config.VolumesFrom, reference(req))
    each(config.Links, reference(req))
    for _, name in ipairs { "NetworkMode", "IpcMode", "PidMode", "Cgroup" } do
      local other = tostring(config[name]):match("^container:(.*)$")
      if other then config[name] = "container:" .. owned.id(req, "containers", other, 400) end
    end
    if gate.is_empty(config.NetworkMode) or tostring(config.NetworkMode):find("^container:") then return end
    config.NetworkMode = owned.network(req, config.NetworkMode)
    return config.NetworkMode
  end

  -- Rules for bodies.

  function making.container(body, _, req)
    gate.spelled(body, "Image HostConfig NetworkingConfig", "the body")
    -- An image by its whole id is the sign of a build's container; without its first part it is the same image.
    if gate.is_empty(body.Image) then gate.refuse("a container without an image is not allowed on this socket") end
    if owned.is_of_build(body.Image) then body.Image = body.Image:match(":(.*)") end
    local old, network, endpoints = shared(req, body, "the body"), shared(req, body.HostConfig, "HostConfig"), {}
    if not gate.is_empty(body.NetworkingConfig) then
      gate.spelled(body.NetworkingConfig, "EndpointsConfig", "NetworkingConfig")
      local given = body.NetworkingConfig.EndpointsConfig
      for name, settings in pairs(type(given) == "table" and given or {}) do
        local id = owned.network(req, name)
        endpoints[id] = endpoint(req, settings, id)
      end
    end
    network = network or old
    if network and not owned.is_common(network) and not endpoints[network] then endpoints[network] = endpoint(req, {}, network) end
    if next(endpoints) then body.NetworkingConfig = { EndpointsConfig = endpoints } end
    labelled.container(body, owned.maker(req), function(wanted) volume(req, wanted) end)
  end

  -- Makes it, and takes it away again where it has come to another's volume.
  function making.create(req)
    local res = gate.checked(making.container, true)(req)
    local id = res.status == 201 and res:json().Id
    if id and not pcall(owned.id, req, "containers", id) then
      gate.ask(req, "DELETE", "/containers/" .. id .. "?force=1")
      gate.refuse("the name of a volume has become another's", 409)
    end
    return res
  end

  function making.volume(body, _, req)
    volume(req, body)
  end

  -- Two networks of one name could be told apart by neither owner.
  function making.network(body, _, req)
    gate.spelled(body, "CheckDuplicate", "the body")
    labelled.object(body, "the body", owned.maker(req))
    body.CheckDuplicate = true
  end

  function making.connection(network)
    return function(body, _, req)
      gate.spelled(body, "Container EndpointConfig", "the body")
      body.Container = owned.id(req, "containers", body.Container)
      body.EndpointConfig = endpoint(req, body.EndpointConfig, network)
    end
  end

  -- Handlers. What they make is an image, which is nobody's.

  function making.commit(req)
    gate.set_query(req, "container", owned.id(req, "containers", req.query.container))
    labelled.changes(req, "")
    return req:forward()
  end

  function making.build(req)
    local modes = req:queries("networkmode")
    for i, mode in ipairs(modes) do
      local id, found = owned.network(req, mode)
      -- The engine goes by the name here: its owner could remove it in between, and it would be the beginning of another's id.
      if found and found.Name:find("^%x+$") then gate.refuse("a network whose name could begin an id is not allowed in a build") end
      modes[i] = id
    end
    gate.set_query(req, "networkmode", modes)
    for _, parent in ipairs(req:queries("cgroupparent")) do own_cgroup(parent, "the build's cgroupparent") end
    return gate.build(req)
  end

  return making
end
