-- `docker logs -f web`: frames tell standard output from standard error, and the stream goes on until the client leaves.
local docker = require "dogger.docker"
local dogger = require "dogger"

return docker.engine {
  -- docker asks first whether there is a terminal: with one there would be no frames.
  ["GET /containers/{id}/json"] = function(req)
    return { json = { Id = docker.id(req.params.id), Name = "/" .. req.params.id, Config = { Tty = false } } }
  end,

  ["GET /containers/{id}/logs"] = function(req)
    return { body = function(out)
      local log = docker.stream(out)
      log:stdout("listening on port 80\n"):stderr("warning: this container does not exist\n")
      local n = 0
      while req.query.follow == "1" do
        dogger.sleep(1)
        n = n + 1
        log:stdout(("GET /page/%d 200\n"):format(n))
      end
    end }
  end,
}
