-- Stands in for a Docker engine: what it does not know itself gets Docker's own 404.
local docker = require "dogger.docker"

local containers = {
  docker.container { name = "web", image = "nginx:latest", ports = { "8080:80" } },
}

return docker.engine {
  ["GET /containers/json"] = function(req)
    return { json = containers }
  end,

  ["POST /containers/{id}/stop"] = function(req)
    return docker.error(409, req.params.id .. " does not feel like stopping")
  end,
}
