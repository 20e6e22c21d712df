-- Stands in for an engine where tests record: every kind of answer that Docker's client asks for.
local docker = require "dogger.docker"
local json = require "dogger.json"
local dogger = require "dogger"

local OLD = 1500000000
local containers = {}       -- by id and by name
local execs = {}
local made = 0

local function new_container(req)
  local given = req:json()
  made = made + 1
  local name = req.query.name or "quiet_turing" .. made
  if containers[name] then return nil end
  local container = { id = docker.id("container" .. made), name = name, cmd = given.Cmd or json.array(), image = given.Image, tty = given.Tty }
  containers[container.id], containers[name] = container, container
  return container
end

local function missing(name) return docker.error(404, "No such container: " .. name) end

-- What a command does: `echo`, `cat`, `both` (writes to both streams, pauses, and fails), `sleep`.
local function act(cmd, stream, tty)
  local out = docker.stream(stream)
  local function say(text) if tty then stream:write((text:gsub("\n", "\r\n"))) else out:stdout(text) end end
  if cmd[1] == "echo" then
    say(table.concat(cmd, " ", 2) .. "\n")
  elseif cmd[1] == "cat" then
    for bytes in stream.read, stream do say(bytes) end
  elseif cmd[1] == "both" then
    out:stderr("to stderr\n"):stdout("to stdout\n")
    dogger.sleep(0.15)
    out:stdout("after a while: \"é\", 'x', \\ and \t\n"):stdout("\0\1\xff\n")
  end
  return cmd[1] == "both" and 3 or 0
end

local function wait_until(done)
  while not done() do dogger.sleep(0.005) end
end

local routes = {
  ["GET /containers/json"] = function(req)
    local list = json.array()
    for id, container in pairs(containers) do
      if #id == 64 and (container.running or req.query.all == "1") then
        list[#list + 1] = docker.container { id = id, name = container.name, image = container.image, created = OLD,
          state = container.running and "running" or "exited", status = container.running and "Up 2 hours" or "Exited (0) 2 hours ago" }
      end
    end
    table.sort(list, function(a, b) return a.Id < b.Id end)
    return { json = list }
  end,

  ["GET /images/json"] = function()
    return { json = json.array { docker.image { name = "busybox:1.36", created = OLD, size = 4261550 }, docker.image { name = "alpine", created = OLD } } }
  end,

  ["POST /containers/create"] = function(req)
    local container = new_container(req)
    if not container then return docker.error(409, "Conflict. The container name is already in use.") end
    return { status = 201, json = { Id = container.id, Warnings = json.array() } }
  end,

  ["POST /containers/{id}/attach"] = function(req)
    local container = containers[req.params.id]
    if not container then return missing(req.params.id) end
    return { upgrade = function(stream)
      wait_until(function() return container.started end)
      container.code = act(container.cmd, stream, container.tty)
    end }
  end,

  ["POST /containers/{id}/start"] = function(req)
    local container = containers[req.params.id]
    if not container then return missing(req.params.id) end
    container.started, container.running = true, true
    return { status = 204 }
  end,

  ["POST /containers/{id}/wait"] = function(req)
    local container = containers[req.params.id]
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      wait_until(function() return container.code end)
      dogger.sleep(0.08)
      container.running = false
      out:write('{"StatusCode":' .. container.code .. '}\n')
    end }
  end,

  ["POST /containers/{id}/resize"] = function() return { status = 200 } end,

  ["GET /containers/{id}/json"] = function(req)
    local container = containers[req.params.id]
    if not container then return missing(req.params.id) end
    -- In the order of an engine's own structures, which is not the alphabet's.
    return { headers = { ["Content-Type"] = "application/json" }, body = ([[{"Id":"%s","Created":"2020-01-01T00:00:00.000000001Z","Path":"sh",
      "Args":[],"State":{"Status":"running","Running":true,"Pid":4194304,"ExitCode":0},"Name":"/%s","HostConfig":{"NetworkMode":"default",
      "Memory":9223372036854771712,"Ulimits":null,"NanoCpus":0},
      "Config":{"Hostname":"x","Tty":false,"Env":["PATH=/bin","A=é\"\\"],"Labels":{"com.example.b":"1","com.example.a":"2"},"Volumes":{}},
      "Mounts":[],"and":1.5,"huge":18446744073709551616}
    ]]):format(container.id, container.name) }
  end,

  ["GET /containers/{id}/logs"] = function(req)
    if not containers[req.params.id] then return missing(req.params.id) end
    return { headers = { ["Content-Type"] = "application/vnd.docker.multiplexed-stream" }, body = function(out)
      local frames = docker.stream(out)
      frames:stdout("first line\n"):stderr("a warning\n")
      for i = 1, req.query.follow and 3 or 1 do
        if req.query.follow then dogger.sleep(0.06) end
        frames:stdout("line " .. i .. "\n")
      end
    end }
  end,

  ["POST /containers/{id}/exec"] = function(req)
    local container = containers[req.params.id]
    if not container then return missing(req.params.id) end
    local given = req:json()
    made = made + 1
    local exec = { id = docker.id("exec" .. made), cmd = given.Cmd, tty = given.Tty }
    execs[exec.id] = exec
    return { status = 201, json = { Id = exec.id } }
  end,

  ["POST /exec/{id}/start"] = function(req)
    local exec = execs[req.params.id]
    req:json()
    return { headers = { ["Content-Type"] = "application/vnd.docker.multiplexed-stream" },
      upgrade = function(stream) exec.code = act(exec.cmd, stream, exec.tty) end }
  end,

  ["GET /exec/{id}/json"] = function(req)
    return { json = { ID = req.params.id, Running = false, ExitCode = execs[req.params.id].code or 0, Pid = 1 } }
  end,

  ["DELETE /containers/{id}"] = function(req)
    local container = containers[req.params.id]
    if not container then return missing(req.params.id) end
    containers[container.id], containers[container.name] = nil, nil
    return { status = 204 }
  end,

  ["POST /images/create"] = function(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      local image = req.query.fromImage
      if image:find("nosuch") then
        out:write('{"errorDetail":{"message":"pull access denied"},"error":"pull access denied"}\r\n')
        return
      end
      out:write('{"status":"Pulling from library/busybox","id":"latest"}\r\n')
      for _, current in ipairs { 1000, 2000000 } do
        dogger.sleep(0.06)
        out:write(('{"status":"Downloading","progressDetail":{"current":%d,"total":2000000},"progress":"[==>  ]","id":"0f7dd1c7b9d1"}\r\n'):format(current))
      end
      out:write('{"status":"Digest: sha256:' .. docker.id(image) .. '"}\r\n{"status":"Status: Downloaded newer image"}\r\n')
    end }
  end,

  ["GET /events"] = function(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      for i, action in ipairs { "create", "start", "die" } do
        out:write(([[{"status":"%s","id":"web","from":"busybox","Type":"container","Action":"%s",]]
          .. [["Actor":{"ID":"web","Attributes":{"image":"busybox","name":"web"}},"scope":"local","time":%d,"timeNano":%d000000000}]] .. "\n")
          :format(action, action, OLD + i, OLD + i))
        dogger.sleep(0.06)
      end
      if not req.query["until"] then while true do dogger.sleep(3600) end end
    end }
  end,

  ["POST /auth"] = function(req)
    local given = req:json()
    return { json = { Status = "Login Succeeded", IdentityToken = "identity-of-" .. given.username } }
  end,

  ["GET /containers/{id}/archive"] = function()
    -- {"name":"file","size":0,"mode":420,"mtime":"2020-01-01T00:00:00Z","linkTarget":""}
    local stat = "eyJuYW1lIjoiZmlsZSIsInNpemUiOjAsIm1vZGUiOjQyMCwibXRpbWUiOiIyMDIwLTAxLTAxVDAwOjAwOjAwWiIsImxpbmtUYXJnZXQiOiIifQ=="
    local header = ("file"):rep(25):sub(1, 100) .. ("\0"):rep(412)
    return { headers = { ["Content-Type"] = "application/x-tar", ["X-Docker-Container-Path-Stat"] = stat }, body = header .. ("\0"):rep(1024) }
  end,
}

return docker.engine(routes)
