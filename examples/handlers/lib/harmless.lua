-- What a container, a volume or a network may be made of, so that none of it leads to the host. require "lib.harmless" { directories }
local gate = require "lib.gate"
local each, fields, one_of, refuse = gate.each, gate.fields, gate.one_of, gate.refuse

return function(DIRECTORIES)
  local function directory(source, name)
    if DIRECTORIES[source] then return end
    refuse(("%s: the host's directory %s is not allowed on this socket"):format(name, gate.told(source)))
  end

  -- A local volume's options can bind a directory of the host.
  local function volume(source, name, req)
    if type(source) ~= "string" or not source:find("^%w[%w_.-]*$") then refuse(name .. " is no volume") end
    local status, found = gate.ask(req, "GET", "/volumes/" .. source)
    if status == 404 then return end
    if status ~= 200 or found.Driver ~= "local" or not gate.is_empty(found.Options) then refuse(name .. ": the volume has options") end
  end

  local mode = one_of("ro", "rw", "z", "Z", "nocopy")

  local function bind(text, name, req)
    text = gate.told(text)
    if text:find("^/[^:]*$") then return end        -- a volume without a name
    local source, options = text:match("^([^:]+):/[^:]*:?([^:]*)$")
    if not source then refuse(name .. ": " .. text .. " is not allowed on this socket") end
    if source:find("^/") then directory(source, name) else volume(source, name, req) end
    for option in options:gmatch("[^,]+") do mode(option, name) end
  end

  local mount_fields = fields("Target ReadOnly Consistency Source", {
    Type = one_of("volume", "bind", "tmpfs"), TmpfsOptions = fields "SizeBytes Mode",
    VolumeOptions = fields("NoCopy Labels", { DriverConfig = fields("", { Name = one_of("local") }) }),
    BindOptions = fields("", { Propagation = one_of("rprivate", "private") }),
  })

  local function mount(object, name, req)
    mount_fields(object, name, req)
    if object.Type == "bind" then directory(object.Source, name)
    elseif not gate.is_empty(object.Source) then volume(object.Source, name, req) end
  end

  -- With bind or rbind among its options it would be a directory of the host's.
  local tmpfs_option = one_of("ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "noatime", "relatime", "strictatime")

  local function tmpfs(object, name)
    if type(object) ~= "table" then refuse(name .. " has to be an object", 400) end
    for _, options in pairs(object) do
      for option in gate.told(options):gmatch("[^,]+") do
        if not option:find("^[%w_]+=") then tmpfs_option(option, name) end
      end
    end
  end

  local function network(id, name, req)
    if id == "default" or id == "bridge" or id == "none" then return end
    -- A policy behind this one may say of the host's network, too, that it is not there.
    if type(id) ~= "string" or not id:find("^%w[%w_.-]*$") or id == "host" then
      refuse(name .. ": that network is not allowed on this socket")
    end
    local status, found = gate.ask(req, "GET", "/networks/" .. id)
    if status ~= 404 and (status ~= 200 or found.Driver == "host") then refuse(name .. ": that network is not allowed on this socket") end
  end

  -- To the engine the NetworkID counts more than the network's name.
  local endpoint = fields("IPAMConfig Links Aliases MacAddress EndpointID Gateway IPAddress IPPrefixLen DNSNames", { NetworkID = network })

  local function endpoints(object, name, req)
    if type(object) ~= "table" then refuse(name .. " has to be an object", 400) end
    for id, value in pairs(object) do
      network(id, name, req)
      if not gate.is_empty(value) then endpoint(value, name .. "." .. id, req) end
    end
  end

  -- What bodies may hold. Nothing else: not Privileged, CapAdd, Devices, PidMode, nor what engines to come may invent.
  local harmless = {}

  local RESOURCES = "Memory MemoryReservation MemorySwap MemorySwappiness NanoCpus CpuShares CpuPeriod CpuQuota CpusetCpus CpusetMems "
    .. "PidsLimit BlkioWeight Ulimits RestartPolicy "

  harmless.update = fields(RESOURCES)

  harmless.host_config = fields(RESOURCES .. "PortBindings PublishAllPorts AutoRemove CapDrop Dns DnsOptions DnsSearch ExtraHosts "
    .. "GroupAdd ReadonlyRootfs Init Links ShmSize ConsoleSize", {
    Binds = each(bind), Mounts = each(mount), Tmpfs = tmpfs, NetworkMode = network, IpcMode = one_of("private", "none", "shareable"),
    CgroupnsMode = one_of("private"), VolumeDriver = one_of("local"), Isolation = one_of("default"),
    SecurityOpt = each(one_of("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")),
    LogConfig = fields("", { Type = one_of("json-file", "local", "none"), Config = fields(
      "max-size max-file compress labels labels-regex env env-regex tag mode max-buffer-size") }),
  })

  harmless.container = fields("Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd "
    .. "Entrypoint Image Volumes WorkingDir ExposedPorts Healthcheck Labels StopSignal StopTimeout Shell MacAddress NetworkDisabled "
    .. "ArgsEscaped OnBuild", { HostConfig = harmless.host_config, NetworkingConfig = fields("", { EndpointsConfig = endpoints }) })

  harmless.exec = fields "AttachStdin AttachStdout AttachStderr DetachKeys Tty Env Cmd User WorkingDir ConsoleSize Detach"

  harmless.volume = fields("Name Labels", { Driver = one_of("local") })

  harmless.network = fields("Name Labels CheckDuplicate Internal Attachable EnableIPv4 EnableIPv6",
    { Driver = one_of("bridge"), Scope = one_of("local"), IPAM = fields("", { Driver = one_of("default") }) })

  harmless.connection = fields("Container Force", { EndpointConfig = endpoint })

  -- Of build and pull: name to list of values. Of several, the engine takes the first, so all count.
  harmless.query = fields("t q nocache pull rm forcerm dockerfile target platform buildargs labels cachefrom extrahosts memory memswap "
    .. "cpushares cpuperiod cpuquota cpusetcpus cpusetmems shmsize ulimits buildid squash fromImage repo tag message changes", {
    networkmode = each(one_of("default", "bridge", "none")), version = each(one_of("1")), fromSrc = each(one_of("-")) })

  -- What the engine tells of a container that is there: more than a client sends.
  function harmless.inspected(config, name, req)
    if gate.is_empty(config.MaskedPaths) or gate.is_empty(config.ReadonlyPaths) then refuse(name .. ": it sees all of /proc") end
    if not gate.is_empty(config.Runtime) then one_of(gate.find(req, "/info").DefaultRuntime)(config.Runtime, name .. ".Runtime") end
    for _, filled_in in ipairs { "MaskedPaths", "ReadonlyPaths", "Runtime", "CgroupnsMode", "LogConfig" } do config[filled_in] = nil end
    harmless.host_config(config, name, req)
  end

  function harmless.running(process, name)
    if not gate.is_empty(process.privileged) then refuse(name .. " is privileged") end
  end

  return harmless
end
