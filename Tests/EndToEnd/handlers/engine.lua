-- An engine whose containers are a few lines of Lua: what docker's commands need of it, hijack and half-close included.
local docker = require "dogger.docker"
local dogger = require "dogger"
local json = require "dogger.json"

local CREATED = 1700000000                      -- 2023-11-14T22:13:20Z
local IMAGE = docker.image { name = "alpine:latest", id = "sha256:" .. ("ab"):rep(32), size = 4261550, created = os.time() - 7300,
  RepoDigests = json.array { "alpine@sha256:" .. ("ef"):rep(32) } }

local containers, execs = {}, {}                -- by id and by name
local count = 0

-- The programs: each gets the way to write, the way to read, and its arguments; what it returns is its exit status.
local programs = {
  cat = function(out, input) for bytes in input do out:stdout(bytes) end end,
  exit = function(out, _, status) return math.tointeger(tonumber(status)) end,
  lines = function(out, _, n) for i = 1, n do out:stdout(("line %d\n"):format(i)) end end,
  upper = function(out, input)                  -- answers only after all of its input: the half-close must arrive
    local all = {}
    for bytes in input do all[#all + 1] = bytes end
    out:stdout(table.concat(all):upper()):stderr("done\n")
  end,
}

local function run(command, out, input)
  local program = programs[command[1]]
  if program then return program(out, input, table.unpack(command, 2)) or 0 end
  out:stdout("hello\n"):stderr("err\n")
  return 0
end

local function wait_until(condition)
  while not condition() do dogger.sleep(0.002) end
end

local function add(name, command, running)
  count = count + 1
  local c = { id = count == 1 and "c0ffee" .. ("0"):rep(58) or docker.id(tostring(count)), name = name, command = command, running = running }
  containers[c.id], containers[name] = c, c
  return c
end
add("fake", { "sh" }, true).stdin = true

local function finish(c, out, input)
  c.status = run(c.command, out, input)
  if c.name ~= "fake" then c.running = false end
  c.ended = true
end

local function find(req)
  return containers[req.params.id] or error { status = 404, message = "No such container: " .. req.params.id }
end

local function matches(filters, c)
  local state = c.running and "running" or "exited"
  return not (filters.name and not filters.name[c.name]) and not (filters.status and not filters.status[state])
end

-- Frames on a raw stream, and the client's bytes until its half-close.
local function session(stream, has_input)
  return docker.stream(stream), function() return has_input and stream:read() or nil end
end

local function event(action, c, seconds)
  return json.encode { Type = "container", Action = action, Actor = { ID = c.id, Attributes = { image = "alpine", name = c.name } }, scope = "local",
    id = c.id, status = action, from = "alpine", time = CREATED + seconds, timeNano = (CREATED + seconds) * 1000000000 } .. "\n"
end

return docker.engine {
  ["GET /containers/json"] = function(req)
    local filters, list = json.decode(req.query.filters or "{}"), json.array()
    for key, c in pairs(containers) do
      if key == c.id and (req.query.all == "1" or c.running) and matches(filters, c) then
        list[#list + 1] = docker.container { id = c.id, name = c.name, image = "alpine", command = table.concat(c.command, " "), created = os.time() - 7300,
          state = c.running and "running" or "exited", status = c.running and "Up 3 hours" or "Exited (0) 3 hours ago", ports = { "8080:80" } }
      end
    end
    return { json = list }
  end,
  ["GET /containers/{id}/json"] = function(req)
    local c = find(req)
    return { json = { Id = c.id, Created = "2023-11-14T22:13:20Z", Path = c.command[1], Args = json.array { table.unpack(c.command, 2) },
      Name = "/" .. c.name, Image = IMAGE.Id, State = { Status = c.running and "running" or "exited", Running = c.running or false, ExitCode = c.status or 0 },
      Config = { Tty = false, OpenStdin = c.stdin or false, Image = "alpine" }, HostConfig = { NetworkMode = "bridge", LogConfig = { Type = "json-file" } }, NetworkSettings = { Networks = {} } } }
  end,
  ["GET /containers/{id}/logs"] = function(req)
    local c = find(req)
    return { headers = { ["Content-Type"] = "application/vnd.docker.multiplexed-stream" }, body = function(out)
      local frames = docker.stream(out)
      if c.name ~= "fake" then return finish(c, frames, function() end) end   -- nobody attached: its program runs for its log
      frames:stdout("hello\n"):stderr("err\n")
      if not req.query.follow or req.query.follow == "0" then return end
      local said = 0
      wait_until(function()
        if (c.lines or 0) > said then said = said + 1 frames:stdout(("line %d\n"):format(said)) end
        return not c.running
      end)
      frames:stdout("bye\n")
    end }
  end,
  ["POST /containers/{id}/say"] = function(req) local c = find(req) c.lines = (c.lines or 0) + 1 return { status = 204 } end,  -- for tests
  ["POST /containers/create"] = function(req)
    local wanted = req:json()
    if wanted.Image == "missing" and not programs.pulled then return docker.error(404, "No such image: missing:latest") end
    local command = wanted.Cmd ~= json.null and wanted.Cmd or { "sh" }
    local c = add(req.query.name or ("made_%d"):format(count), command, false)
    c.stdin = wanted.OpenStdin
    return { status = 201, json = { Id = c.id, Warnings = json.array() } }
  end,
  ["POST /containers/{id}/attach"] = function(req)
    local c = find(req)
    return { upgrade = function(stream)
      wait_until(function() return c.running end)
      finish(c, session(stream, req.query.stdin == "1"))
    end }
  end,
  ["POST /containers/{id}/start"] = function(req) find(req).running = true return { status = 204 } end,
  ["POST /containers/{id}/stop"] = function(req)
    local c = find(req)
    if not c.running then return { status = 304 } end
    c.running, c.ended, c.status = false, true, 3
    return { status = 204 }
  end,
  ["POST /containers/{id}/wait"] = function(req)      -- its head leaves at once, its body when there is an end
    local c = find(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      wait_until(function() return c.ended end)
      if req.query.condition == "removed" then containers[c.id], containers[c.name] = nil, nil end
      out:write(json.encode { StatusCode = c.status or 0 }, "\n")
    end }
  end,
  ["POST /containers/{id}/exec"] = function(req)
    count = count + 1
    local wanted = req:json()
    execs[("e%d"):format(count)] = { command = wanted.Cmd, stdin = wanted.AttachStdin, container = find(req).id }
    return { status = 201, json = { Id = ("e%d"):format(count) } }
  end,
  ["POST /exec/{id}/start"] = function(req)
    local exec = execs[req.params.id]
    if req:json().Detach then return {} end
    return { upgrade = function(stream) exec.status = run(exec.command, session(stream, exec.stdin)) end }
  end,
  ["GET /exec/{id}/json"] = function(req)
    local exec = execs[req.params.id]
    return { json = { ID = req.params.id, Running = exec.status == nil, ExitCode = exec.status or json.null, ContainerID = exec.container } }
  end,
  ["GET /images/json"] = function(req) return { json = { IMAGE } } end,
  ["GET /images/{name...}/json"] = function(req)
    if req.params.name == "none" then return docker.error(404, "No such image: " .. req.params.name) end
    local image = { Created = "2023-11-14T22:13:20Z" }
    for key, value in pairs(IMAGE) do image[key] = image[key] or value end
    return { json = image }
  end,
  ["POST /images/create"] = function(req)
    programs.pulled = true
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      local function say(line) out:write(json.encode(line), "\r\n") dogger.sleep(0.002) end
      say { status = "Pulling from " .. req.query.fromImage:gsub("^docker%.io/", ""), id = req.query.tag }
      if req.query.fromImage:find("broken") then return say { error = "mid-stream boom", errorDetail = { message = "mid-stream boom" } } end
      say { status = "Pull complete", progressDetail = {}, id = "aaaa" }
      say { status = "Digest: sha256:" .. ("ef"):rep(32) }
      say { status = "Status: Downloaded newer image for alpine:latest" }
    end }
  end,
  ["GET /events"] = function(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      out:write(event("start", containers.fake, 0))
      if req.query["until"] then return out:write(event("die", containers.fake, 1)) end
      wait_until(function() return not containers.fake.running end)
      out:write(event("die", containers.fake, 1))
      wait_until(function() return false end)
    end }
  end,
}
