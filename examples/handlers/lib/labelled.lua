-- Puts a label on what a request makes, whatever its client said. require "lib.labelled" (label)
local gate = require "lib.gate"
local json = require "dogger.json"

-- Instructions that commit and import take. One is a line: the next can't become a part of it.
local INSTRUCTIONS = {}
for name in ("CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK ONBUILD STOPSIGNAL USER VOLUME WORKDIR"):gmatch("%a+") do INSTRUCTIONS[name] = true end

-- object[name], an object or a list; an empty one where there is nothing.
local function inner(object, name, where)
  local value = object[name]
  if gate.is_empty(value) then return {} end
  if type(value) ~= "table" then gate.refuse(("%s.%s has to be an object or a list"):format(where, name), 400) end
  return value
end

return function(LABEL)
  local labelled = {}

  -- What the label of an object says; nil where it has none.
  function labelled.of(object)
    return type(object) == "table" and type(object.Labels) == "table" and object.Labels[LABEL] or nil
  end

  -- Of whatever has labels of its own: a volume, a network, a secret. No value: no label.
  function labelled.object(object, where, value)
    gate.spelled(object, "Labels", where)
    local labels = inner(object, "Labels", where)
    if json.is_array(labels) then gate.refuse(where .. ".Labels has to be an object", 400) end
    labels[LABEL] = value
    object.Labels = labels
  end

  local OPTIONS = { ro = "ReadOnly", nocopy = "NoCopy", rw = "", z = "" }      -- z is what the engine takes anyhow

  -- The name of a volume that stands in Binds; nil for any other bind.
  local function name_in(bind)
    return type(bind) == "string" and bind:match("^([^/:][^:]*):")
  end

  -- The same as a mount.
  local function as_mount(bind, driver)
    if select(2, bind:gsub(":", "")) > 2 then gate.refuse(bind .. " is no volume", 400) end
    local name, target, options = bind:match("^([^:]*):([^:]*):?([^:]*)$")
    local said = {}
    for option in options:gmatch("[^,]+") do
      if not OPTIONS[option] then gate.refuse(("%s: %s can't be said of a volume on this socket"):format(bind, option)) end
      said[OPTIONS[option]] = true
    end
    return { Type = "volume", Source = name, Target = target, ReadOnly = said.ReadOnly,
      VolumeOptions = { NoCopy = said.NoCopy, DriverConfig = not gate.is_empty(driver) and { Name = driver } or nil } }
  end

  local function is_volume(mount)
    return tostring(mount.Type):lower() == "volume"      -- a swarm reads it in any case
  end

  -- The volumes that come with a container. Those that have a name are looked at by make(volume). Without it they become mounts, which
  -- can have a label: one that was made before it is used could be removed in between.
  function labelled.volumes(config, where, value, make)
    gate.spelled(config, "Binds Mounts VolumeDriver", where)
    local binds, mounts = json.array(), gate.is_empty(config.Mounts) and json.array() or config.Mounts
    if not json.is_array(mounts) then gate.refuse(where .. ".Mounts has to be a list", 400) end
    for _, bind in ipairs(inner(config, "Binds", where)) do
      local name = name_in(bind)
      if name and make then make { Name = name, Driver = config.VolumeDriver } end
      if name and not make then table.insert(mounts, as_mount(bind, config.VolumeDriver)) else table.insert(binds, bind) end
    end
    if #mounts > 0 then config.Binds, config.Mounts = binds, mounts end
    for _, mount in ipairs(mounts) do
      gate.spelled(mount, "Type Source VolumeOptions", where .. ".Mounts")
      if is_volume(mount) then
        local options = inner(mount, "VolumeOptions", where .. ".Mounts")
        labelled.object(options, where .. ".Mounts.VolumeOptions", value)
        mount.VolumeOptions = options
        gate.spelled(options, "DriverConfig", where .. ".Mounts.VolumeOptions")
        local driver = inner(options, "DriverConfig", where .. ".Mounts.VolumeOptions")
        gate.spelled(driver, "Name Options", where .. ".Mounts.VolumeOptions.DriverConfig")
        if make and not gate.is_empty(mount.Source) then
          make { Name = mount.Source, Driver = driver.Name, DriverOpts = driver.Options, Labels = options.Labels }
        end
      end
    end
  end

  function labelled.container(body, value, make)
    gate.spelled(body, "HostConfig", "the body")
    labelled.object(body, "the body", value)
    labelled.volumes(body, "the body", value, make)      -- where old clients put what is in HostConfig now
    labelled.volumes(inner(body, "HostConfig", "the body"), "HostConfig", value, make)
  end

  -- What the engine takes for the same.
  local function same(a, b)
    if gate.is_empty(a) or gate.is_empty(b) then return gate.is_empty(a) and gate.is_empty(b) end
    if type(a) ~= "table" or type(b) ~= "table" then return a == b end
    for name, value in pairs(a) do
      if not same(value, b[name]) then return false end
    end
    for name, value in pairs(b) do
      if not same(value, a[name]) then return false end
    end
    return true
  end

  -- A swarm puts into it what else the service says.
  local function is_template(mount)
    local text = json.encode { Source = mount.Source, Target = mount.Target, DriverConfig = mount.VolumeOptions.DriverConfig }
    return text:find("{{", 1, true) ~= nil
  end

  -- The volumes of a service that it had before an update. To give them another label would start its tasks anew.
  local function keep(mounts, before)
    for _, mount in ipairs(mounts) do
      for _, other in ipairs(before) do
        local options = other.VolumeOptions or {}
        if is_volume(mount) and is_volume(other) and same(mount.Source, other.Source) and same(mount.Target, other.Target)
          and same(mount.VolumeOptions.DriverConfig, options.DriverConfig) and not is_template(mount) then
          labelled.object(mount.VolumeOptions, "VolumeOptions", labelled.of(options))
        end
      end
    end
  end

  -- A service of a swarm, its containers and their volumes. With `spec`, what it was before an update: what was there keeps its label.
  function labelled.service(body, value, spec)
    local own = value
    if spec then own = labelled.of(spec) end
    gate.spelled(body, "TaskTemplate", "the body")
    labelled.object(body, "the body", own)
    local template = inner(body, "TaskTemplate", "the body")
    gate.spelled(template, "ContainerSpec", "TaskTemplate")
    if gate.is_empty(template.ContainerSpec) then return end      -- a plugin's
    labelled.object(template.ContainerSpec, "ContainerSpec", own)
    labelled.volumes(template.ContainerSpec, "ContainerSpec", value)
    local before = spec and inner(spec.TaskTemplate, "ContainerSpec", "the service") or {}
    keep(inner(template.ContainerSpec, "Mounts", "ContainerSpec"), inner(before, "Mounts", "the service"))
  end

  -- The image that a build makes, by the query; it stands behind what the Dockerfile says.
  function labelled.build(req, value)
    local given = req.query.labels
    local ok, labels = pcall(json.decode, given ~= "" and given or "{}")
    if not ok then gate.refuse("the query's labels have to be an object of JSON", 400) end
    local query = { Labels = labels }
    labelled.object(query, "the query", value)
    gate.set_query(req, "labels", json.encode(query.Labels))
    gate.set_query(req, "cachefrom", {})      -- the engine would take one of these for the image, with the labels that it has
  end

  -- The image that a commit or an import makes, by the instructions in the query.
  function labelled.changes(req, value)
    local changes = { ('LABEL "%s"="%s"'):format(LABEL, value) }
    for _, change in ipairs(req:queries("changes")) do
      local word, start = change:match("^(%a+) +()")
      local rest = word and change:match("^([^\r\n]*[^\r\n\\%s])%s*$", start)
      local label = rest and word:upper() == "LABEL" and rest:match("^([%w_.-]+)=[%w_.:/-]*$")
      if not rest or label == LABEL or not label and not INSTRUCTIONS[word:upper()] then
        gate.refuse("the change " .. change .. " is not allowed on this socket", 403)
      end
      table.insert(changes, change)
    end
    gate.set_query(req, "changes", changes)
  end

  return labelled
end
