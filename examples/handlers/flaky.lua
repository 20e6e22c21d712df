-- An engine with bad days, for testing programs that should cope: every third list fails, and some answers take their time.
local docker = require "dogger.docker"
local dogger = require "dogger"

local requests = 0

return docker.engine {
  ["GET /containers/json"] = function(req)
    requests = requests + 1
    if requests % 3 == 0 then return docker.error(500, "the disk is on fire; try again") end
    if requests % 3 == 2 then dogger.sleep(0.2) end
    return { json = { docker.container { name = "phoenix", image = "ash:latest" } } }
  end,
}
