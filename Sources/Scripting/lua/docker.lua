-- require "dogger.docker": what a script needs to speak like Docker's engine (API 1.24 to 1.50).
local _, native = ...
local json = require "dogger.json"

local docker = {}

local API_VERSION = "1.50"
local ENGINE_VERSION = "28.2.2"

-- 64 hex digits that are the same for the same name (FNV-1a, then splitmix64 for each quarter).
function docker.id(text)
  local hash = 0xcbf29ce484222325
  for i = 1, #text do hash = (hash ~ text:byte(i)) * 0x100000001b3 end
  local parts = {}
  for i = 1, 4 do
    hash = hash + 0x9e3779b97f4a7c15
    local z = hash
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    parts[i] = ("%016x"):format(z ~ (z >> 31))
  end
  return table.concat(parts)
end

-- An answer that Docker's clients print as "Error response from daemon: MESSAGE".
function docker.error(status, message)
  return { status = status, json = { message = message } }
end

local function list(values)
  return json.array(values or {})
end

-- "8080:80", "127.0.0.1:8080:80/udp", "80" or a table in Docker's own form.
local function port(value)
  if type(value) == "table" then return value end
  local text = tostring(value)
  local address, public, private, protocol = text:match("^(.+):(%d+):(%d+)/?(%a*)$")
  if not private then public, private, protocol = text:match("^(%d+):(%d+)/?(%a*)$") end
  if not private then private, protocol = text:match("^(%d+)/?(%a*)$") end
  if not private then error("docker.container: a port is like \"8080:80\", \"127.0.0.1:8080:80/udp\" or \"80\", not \"" .. text .. "\"", 3) end
  if not public then
    return { PrivatePort = math.tointeger(private), Type = protocol ~= "" and protocol or "tcp" }
  end
  return { IP = address or "0.0.0.0", PrivatePort = math.tointeger(private), PublicPort = math.tointeger(public),
    Type = protocol ~= "" and protocol or "tcp" }
end

local CONTAINER_FIELDS = { name = true, id = true, image = true, command = true, created = true, state = true, status = true, ports = true,
  labels = true }

-- Splits what is named in Docker's own way (a capital first) from our short names; a typing error is told.
local function split(what, given, known)
  local own = {}
  for key, value in pairs(given) do
    if type(key) == "string" and key:find("^%u") then
      own[key] = value
    elseif not known[key] then
      error(("docker.%s has no field '%s'; it has id, name and the like, and every field of Docker's own with its capital letter"):format(what, tostring(key)), 3)
    end
  end
  return own
end

-- One element of GET /containers/json, whole: whatever is not given is filled in.
function docker.container(given)
  given = given or {}
  if type(given) ~= "table" then error("docker.container takes a table of fields, not " .. type(given), 2) end
  local own = split("container", given, CONTAINER_FIELDS)
  local container_name = given.name or "unnamed"
  local state = given.state or "running"
  local ports = {}
  for i, value in ipairs(given.ports or {}) do ports[i] = port(value) end
  local image = given.image or "busybox"
  local container = {
    Id = given.id or docker.id(container_name),
    Names = list { "/" .. container_name },
    Image = image,
    ImageID = "sha256:" .. docker.id(image),
    Command = given.command or "sh",
    Created = math.tointeger(given.created or os.time() - 60) or math.floor(given.created),
    Ports = list(ports),
    Labels = given.labels or {},
    State = state,
    Status = given.status or (state == "running" and "Up About a minute" or state == "exited" and "Exited (0) About a minute ago" or "Created"),
    HostConfig = { NetworkMode = "bridge" },
    NetworkSettings = { Networks = {} },
    Mounts = list(),
  }
  for key, value in pairs(own) do container[key] = value end
  return container
end

local IMAGE_FIELDS = { name = true, id = true, size = true, created = true, labels = true }

-- One element of GET /images/json.
function docker.image(given)
  given = given or {}
  local own = split("image", given, IMAGE_FIELDS)
  local tag = given.name or "busybox:latest"
  if not tag:find(":[^/]*$") then tag = tag .. ":latest" end
  local image = {
    Id = given.id or "sha256:" .. docker.id(tag),
    ParentId = "",
    RepoTags = list { tag },
    RepoDigests = list(),
    Created = math.tointeger(given.created or os.time() - 3600) or math.floor(given.created),
    Size = given.size or 4261550,
    SharedSize = -1,
    Containers = -1,
    Labels = given.labels or {},
  }
  for key, value in pairs(own) do image[key] = value end
  return image
end

-- Frames for attach, exec and logs without a terminal: 8 bytes (stream, three zeros, big-endian length), then the payload.
local function frame(stream, text)
  return string.pack(">Bxxxs4", stream, text)
end

-- The methods are a table of their own: a script that could reach them could change them for all requests.
local frames = {}
local Frames = { __index = frames, __metatable = false }

function frames:stdout(text)
  self.out:write(frame(1, text))
  return self
end

function frames:stderr(text)
  self.out:write(frame(2, text))
  return self
end

-- Writes to `out` (a body's or an upgrade's stream) in frames: docker.stream(out):stdout("text"):stderr("text").
function docker.stream(out)
  return setmetatable({ out = out }, Frames)
end

-- Routes that match with the version prefix (/v1.50) taken off, and as they are. What they do not match goes on down the chain.
function docker.api(routes)
  if type(routes) ~= "table" then error("docker.api takes a table of routes, not " .. type(routes), 2) end
  return native.versioned_routes(routes)
end

local function ping()
  return { body = "OK", headers = { ["Api-Version"] = API_VERSION, ["Docker-Experimental"] = "false", Ostype = "linux",
    ["Cache-Control"] = "no-cache, no-store, must-revalidate", Pragma = "no-cache", Server = "Docker/" .. ENGINE_VERSION .. " (linux)" } }
end

local function version()
  return { json = { Version = ENGINE_VERSION, ApiVersion = API_VERSION, MinAPIVersion = "1.24", Os = "linux", Arch = "amd64",
    KernelVersion = "6.1.0", GoVersion = "lua5.4", GitCommit = "dogger", BuildTime = "2026-01-01T00:00:00.000000000+00:00",
    Platform = { Name = "dogger" },
    Components = list { { Name = "Engine", Version = ENGINE_VERSION, Details = { ApiVersion = API_VERSION, MinAPIVersion = "1.24",
      Os = "linux", Arch = "amd64", KernelVersion = "6.1.0", GoVersion = "lua5.4", GitCommit = "dogger",
      BuildTime = "2026-01-01T00:00:00.000000000+00:00", Experimental = "false" } } } } }
end

local function info()
  return { json = { ID = docker.id("dogger"), Name = "dogger", ServerVersion = ENGINE_VERSION, OperatingSystem = "dogger", OSType = "linux",
    OSVersion = "", Architecture = "x86_64", KernelVersion = "6.1.0", Driver = "overlay2", DriverStatus = list(), DockerRootDir = "/var/lib/docker",
    Containers = 0, ContainersRunning = 0, ContainersPaused = 0, ContainersStopped = 0, Images = 0, NCPU = 1, MemTotal = 1073741824,
    LoggingDriver = "json-file", CgroupDriver = "cgroupfs", CgroupVersion = "2", SystemTime = os.date("!%Y-%m-%dT%H:%M:%S.000000000Z"),
    IndexServerAddress = "", RegistryConfig = { IndexConfigs = {}, InsecureRegistryCIDRs = list(), Mirrors = list() },
    Plugins = { Volume = list { "local" }, Network = list { "bridge", "host", "none" }, Log = list { "json-file" } },
    Swarm = { LocalNodeState = "inactive" }, MemoryLimit = true, SwapLimit = true,
    CpuCfsPeriod = true, CpuCfsQuota = true, CPUShares = true, CPUSet = true, PidsLimit = true, OomKillDisable = true, IPv4Forwarding = true,
    BridgeNfIptables = true, BridgeNfIp6tables = true, Runtimes = { runc = { path = "runc" } }, DefaultRuntime = "runc", SecurityOptions = list(),
    Warnings = list(), Labels = list() } }
end

-- Stands in for an engine: the routes, and what every client asks first. What nothing matches gets Docker's 404.
function docker.engine(routes)
  if type(routes) ~= "table" then error("docker.engine takes a table of routes, not " .. type(routes), 2) end
  local all = { ["GET /_ping"] = ping, ["GET /version"] = version, ["GET /info"] = info }
  for pattern, handler in pairs(routes) do all[pattern] = handler end
  local match = native.versioned_routes(all)
  return function(req)
    local response = match(req)
    if response == nil then return docker.error(404, "page not found") end
    return response
  end
end

return docker
