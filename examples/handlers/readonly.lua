-- Reading only: clients can look at everything in the engine behind, and change nothing. Use it with --upstream.
-- @needs upstream
local docker = require "dogger.docker"
local gate = require "lib.gate"

-- An allow-list: what a future engine adds is refused until it stands here. GET answers HEAD as well; not in the list is
-- GET /containers/{id}/attach/ws, which looks like reading and types into a container.
local reading = {}
for _, path in ipairs {
  "/_ping", "/version", "/info", "/events", "/system/df",
  "/containers/json", "/containers/{id}/json", "/containers/{id}/logs", "/containers/{id}/stats",
  "/containers/{id}/changes", "/containers/{id}/archive", "/containers/{id}/export", "/exec/{id}/json",
  "/images/json", "/images/{name...}/json", "/images/{name...}/history", "/images/{name...}/get", "/images/get",
  "/networks", "/networks/{id}", "/volumes", "/volumes/{name}", "/plugins", "/plugins/{name...}/json",
  "/nodes", "/nodes/{id}", "/services", "/services/{id}", "/services/{id}/logs", "/tasks", "/tasks/{id}", "/tasks/{id}/logs",
} do
  reading["GET " .. path] = gate.pass
end
reading["GET /containers/{id}/top"] = gate.top      -- not any option: ps runs on the host, and could show what runs there

local route = docker.api(reading)

return function(req)
  gate.plain(req)
  local path = req.target:match("^[^?]*")      -- as it was sent: decoded it could be no text
  return route(req) or docker.error(403, "readonly: " .. req.method .. " " .. path .. " is not among what may be read")
end
