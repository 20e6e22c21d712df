-- `docker run alpine echo hello`: create, attach, wait and start are four requests on three connections, and they meet here.
local docker = require "dogger.docker"
local dogger = require "dogger"
local json = require "dogger.json"

local containers = {}

local function wait_for(container, field)
  while not container[field] do dogger.sleep(0.01) end
end

return docker.engine {
  ["POST /containers/create"] = function(req)
    local id = docker.id(tostring(req.id))
    containers[id] = { command = req:json().Cmd }
    return { status = 201, json = { Id = id, Warnings = json.array() } }
  end,

  ["POST /containers/{id}/attach"] = function(req)      -- the output; docker opens it before the start
    local container = containers[req.params.id]
    return { upgrade = function(stream)
      wait_for(container, "started")
      docker.stream(stream):stdout(table.concat(container.command, " ") .. "\n")
      container.ended = true
    end }
  end,

  ["POST /containers/{id}/wait"] = function(req)        -- held open until the end
    local container = containers[req.params.id]
    return { body = function(out)
      wait_for(container, "ended")
      out:write(json.encode { StatusCode = 0 })
    end }
  end,

  ["POST /containers/{id}/start"] = function(req)
    containers[req.params.id].started = true
    return { status = 204 }
  end,
}
