-- An engine of 2020: the client reads the API version in the answer to /_ping, and speaks as it did then.
--
--   docker version
local docker = require "dogger.docker"

return docker.engine {
  ["GET /_ping"] = function(req)
    return { body = "OK", headers = { ["Api-Version"] = "1.41" } }
  end,

  ["GET /version"] = function(req)
    return { json = { Version = "20.10.0", ApiVersion = "1.41", MinAPIVersion = "1.12", Os = "linux", Arch = "amd64" } }
  end,

  ["GET /containers/json"] = function(req)
    return { json = { docker.container { name = "asked-with-" .. req.version, image = "vintage" } } }
  end,
}
