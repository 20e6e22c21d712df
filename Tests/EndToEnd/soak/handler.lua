-- One version of many: @VERSION@ is its number, and each answer tells it.
local VERSION = "@VERSION@"
local dogger = require "dogger"
local docker = require "dogger.docker"

return docker.engine {
  ["GET /containers/json"] = function(req)
    return { json = { docker.container { name = "v" .. VERSION } } }
  end,
  ["GET /text"] = function(req) return VERSION end,
  ["GET /large"] = function(req) return VERSION .. ":" .. ("x"):rep(300000) end,
  ["POST /echo"] = function(req) return { headers = { ["X-Version"] = VERSION }, body = req.body } end,
  ["POST /sum"] = function(req)
    local sum = 0
    for chunk in req:chunks() do sum = sum + #chunk end
    return VERSION .. ":" .. sum
  end,
  ["POST /json"] = function(req) return { json = { version = VERSION, got = req:json() } } end,
  ["GET /pattern"] = function(req) return VERSION .. ":" .. tostring(("a"):rep(50):find(".-.-b")) end,
  ["GET /stream"] = function(req)
    return { headers = { ["X-Version"] = VERSION }, body = function(out)
      for i = 1, 10 do
        out:write(VERSION, " ", i, "\n")
        dogger.sleep(0.004)
      end
    end }
  end,
  ["POST /upgrade"] = function(req)
    return { headers = { ["X-Version"] = VERSION }, upgrade = function(stream)
      for bytes in stream.read, stream do stream:write(bytes:upper()) end
      stream:write(VERSION)
    end }
  end,
  ["* /up/{rest...}"] = function(req)
    local response = req:forward()
    response.headers["X-Version"] = VERSION
    return response
  end,
  ["GET /error"] = function(req) error("planned " .. VERSION) end,
  ["GET /loop"] = function(req) while true do end end,
}
