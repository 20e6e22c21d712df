local json = require "dogger.json"
local harmless = require "lib.harmless" { ["/srv/shared"] = true }
local request = require "lib.request_double"

-- An engine with a volume that binds a directory, a plain one, the host's network and one of somebody's.
local ANSWERS = {
  ["/volumes/plain"] = { Driver = "local", Options = json.null }, ["/volumes/binding"] = { Driver = "local", Options = { o = "bind" } },
  ["/info"] = { DefaultRuntime = "runc" },
  ["/volumes/remote"] = { Driver = "nfs" }, ["/networks/net1"] = { Driver = "bridge" }, ["/networks/hosts"] = { Driver = "host" },
}
local req = request({}, function(changes)
  local found = ANSWERS[changes.target]
  return { status = found and 200 or 404, body = json.encode(found or { message = "no such thing" }) }
end)

local function passes(rule, value) rule(value, "it", req) end
local function refuses(rule, value)
  local ok, fault = pcall(rule, value, "it", req)
  assert.is_false(ok, json.encode(value))
  assert(fault.status == 403 or fault.status == 400, tostring(fault))
end
local function host(name, value) return { Image = "busybox", HostConfig = { [name] = value } } end

describe("harmless", function()
  it("takes what containers need", function()
    passes(harmless.container, { Image = "busybox", Env = { "A=b" }, Labels = { a = "b" }, HostConfig = { Memory = 1 << 20,
      AutoRemove = true,
      Binds = json.array { "plain:/a:ro", "new:/b", "/srv/shared:/c:ro,z", "/anonymous" }, NetworkMode = "net1",
        SecurityOpt = json.array { "no-new-privileges" },
      Mounts = json.array { { Type = "tmpfs", Target = "/t" }, { Type = "bind", Source = "/srv/shared", Target = "/d" },
        { Type = "volume", Source = "plain", Target = "/e" } },
      Privileged = false, CapAdd = json.null, Devices = json.array(), PidMode = "" } })
  end)

  it("takes out what is empty, since an empty list may mean something", function()
    local body = host("MaskedPaths", json.array())
    passes(harmless.container, body)
    assert.same({ Image = "busybox", HostConfig = {} }, body)
  end)

  it("refuses every other setting of the host's, known or not", function()
    for name, value in pairs { Privileged = true, CapAdd = { "ALL" }, Devices = { {} , 1 }, PidMode = "host", UTSMode = "host",
      UsernsMode = "host", Sysctls = { a = "b" },
      privileged = true, Runtime = "x", CgroupParent = "/", OomScoreAdj = -1, VolumesFrom = { "a" }, WhatIsToCome = 1,
        IpcMode = "host", CgroupnsMode = "host",
      VolumeDriver = "nfs", Isolation = "process", LogConfig = { Type = "syslog" },
      Tmpfs = { ["/x"] = "size=1m,rbind" } } do refuses(harmless.container, host(name, value)) end
    refuses(harmless.container, host("LogConfig", { Config = { ["syslog-address"] = "udp://127.0.0.1:1" } }))
    passes(harmless.container, host("LogConfig", { Config = { ["max-size"] = "1m" } }))
    passes(harmless.container, host("Tmpfs", { ["/a"] = "", ["/b"] = "ro,noexec,size=1m,mode=1777" }))
    for _, option in ipairs { "seccomp=unconfined", "apparmor=x", "label=disable", "no-new-privileges:false", "" } do
      refuses(harmless.container, host("SecurityOpt", json.array { option }))
    end
  end)

  it("refuses binds that lead to the host", function()
    for _, bind in ipairs { "/:/a", "/srv/shared/..:/a", "/srv/shared/x:/a", "//srv/shared:/a", "/srv/shared:/a:rshared", "binding:/a",
      "remote:/a", "../x:/a", "~:/a",
      "/a:/b:/c:/d", "plain:/a:ro,exec", ":/a", "x y:/a" } do refuses(harmless.container, host("Binds", json.array { bind })) end
    refuses(harmless.container, host("Binds", { x = "plain:/a" }))
    for _, mount in ipairs { { Type = "bind", Source = "/" }, { Type = "volume", Source = "binding" }, { Type = "volume",
      Source = "remote" }, { Type = "npipe" }, { Source = "/" },
      { Type = "BIND", Source = "/" }, { Type = "bind", Source = "/srv/shared", BindOptions = { Propagation = "shared" } },
      { Type = "volume", VolumeOptions = { DriverConfig = { Name = "local", Options = { o = "bind" } } } }, { type = "bind",
        source = "/" } } do
      refuses(harmless.container, host("Mounts", json.array { mount }))
    end
  end)

  it("refuses the host's network by each name that it has", function()
    for _, name in ipairs { "host", "hosts", "container:x", "a/../b", "" .. "ho st" } do refuses(harmless.container,
      host("NetworkMode", name)) end
    for _, name in ipairs { "host", "hosts" } do
      refuses(harmless.container, { Image = "x", NetworkingConfig = { EndpointsConfig = { [name] = {} } } })
    end
    refuses(harmless.container, { Image = "x", NetworkingConfig = { EndpointsConfig = { net1 = { NetworkID = "hosts" } } } })
    passes(harmless.container, { Image = "x", NetworkingConfig = { EndpointsConfig = { net1 = { Aliases = { "a" } } } } })
  end)

  it("knows a container that sees all of /proc", function()
    local config = { MaskedPaths = json.array { "/proc/kcore" }, ReadonlyPaths = json.array { "/proc/sys" }, Runtime = "runc",
      CgroupnsMode = "host", LogConfig = { Type = "journald" } }
    passes(harmless.inspected, config)
    local other = { MaskedPaths = json.array { "/proc/kcore" }, ReadonlyPaths = json.array { "/proc/sys" }, Runtime = "other" }
    refuses(harmless.inspected, other)
    refuses(harmless.inspected, { MaskedPaths = json.array(), ReadonlyPaths = json.array { "/proc/sys" } })
    refuses(harmless.inspected, { MaskedPaths = json.array { "/proc/kcore" }, ReadonlyPaths = json.null })
    refuses(harmless.running, { privileged = true })
    passes(harmless.running, { privileged = false })
  end)

  it("looks at exec, update, volumes, networks and queries", function()
    passes(harmless.exec, { Cmd = { "ls" }, Privileged = false })
    for rule, value in pairs { exec = { Privileged = true }, update = { Devices = { 1 } }, volume = { DriverOpts = { o = "bind" } },
      network = { Driver = "macvlan" },
      connection = { Container = "x", EndpointConfig = { NetworkID = "hosts" } }, query = { networkmode = json.array { "bridge",
        "host" } } } do
      refuses(harmless[rule], value)
    end
    refuses(harmless.query, { securityopt = json.array { "x" } })
    refuses(harmless.query, { version = json.array { "1", "2" } })
    passes(harmless.query, { t = json.array { "a" }, version = json.array { "1" }, networkmode = json.array() })
  end)
end)
