-- `docker ps` lists a container that does not exist.
local docker = require "dogger.docker"

return docker.engine {
  ["GET /containers/json"] = function(req)
    return { json = {
      docker.container { name = "web", image = "nginx:latest", command = "nginx -g 'daemon off;'", ports = { "8080:80" } },
    } }
  end,
}
