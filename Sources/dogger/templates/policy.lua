-- Lets through what is listed here, and refuses all else. Use it with --upstream.
-- @needs upstream
local docker = require "dogger.docker"

local function pass(req) return req:forward() end

-- A list of what may be done, not of what may not: what a server learns tomorrow is refused until it stands here.
local route = docker.api {
  ["GET /_ping"] = pass,
  ["GET /version"] = pass,
  ["GET /containers/json"] = pass,
  ["GET /containers/{id}/logs"] = pass,
}

return function(req)
  return route(req) or docker.error(403, "policy: " .. req.method .. " " .. req.path .. " is not allowed here")
end
