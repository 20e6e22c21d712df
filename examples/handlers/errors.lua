-- Errors: Docker's client prints the message of any of these. Try the commands, then mend the script while it runs.
--
--   docker images     Error response from daemon: errors.lua:11: attempt to index a nil value (local 'image')
--   docker ps         Error response from daemon: this engine is closed on Sundays
--   docker volume ls  Error response from daemon: volumes are for members
local docker = require "dogger.docker"

return docker.engine {
  ["GET /images/json"] = function(req)
    local image = ({}).first                      -- a fault in the script: 500, with the file and the line
    return { json = { docker.image { name = image.name } } }
  end,

  ["GET /containers/json"] = function(req)        -- an answer like any other
    return docker.error(503, "this engine is closed on Sundays")
  end,

  ["GET /volumes"] = function(req)                -- from deep inside, with a status of its own
    local function member_only() error { status = 403, message = "volumes are for members" } end
    member_only()
  end,
}
