-- Containers without a way to the host: no privileges, devices or namespaces, and only those of its directories that are named here.
-- @needs upstream
local gate = require "lib.gate"

-- By exactly these names: in a directory that a container can write to, one below could become a link that leads out.
local harmless = require "lib.harmless" {
  -- ["/srv/shared"] = true,
}

-- The whole id of a container that is harmless itself. In one that is not, made by somebody else, exec and cp would lead to the host.
local function plain(req, name)
  local found = gate.find(req, "/containers/" .. gate.escape(name) .. "/json")
  harmless.inspected(found.HostConfig, "the container's HostConfig", req)
  return found.Id
end

local routes = {}

local function on_container(method, action, rule)
  routes[method .. " /containers/{id}" .. action] = function(req)
    gate.redirect(req, "/containers/" .. plain(req, req.params.id) .. action)
    return (action == "/start" and gate.start or rule and gate.checked(rule) or gate.pass)(req)
  end
end
for action in ("start stop restart kill pause unpause wait resize rename attach"):gmatch("%S+") do on_container("POST", "/" .. action) end
for method in ("HEAD GET PUT"):gmatch("%S+") do on_container(method, "/archive") end
on_container("GET", "/export")
on_container("DELETE", "")
on_container("POST", "/exec", harmless.exec)
on_container("POST", "/update", harmless.update)

gate.add(routes, gate.checked(harmless.container), "POST /containers/create POST /commit")
gate.add(routes, gate.checked(harmless.volume), "POST /volumes/create")
gate.add(routes, gate.checked(harmless.network), "POST /networks/create")
gate.add(routes, gate.checked(function(body, name, req)
  harmless.connection(body, name, req)
  body.Container = plain(req, tostring(body.Container))
end), "POST /networks/{id}/connect POST /networks/{id}/disconnect")

gate.add(routes, function(req)
  local found = gate.find(req, "/exec/" .. gate.escape(req.params.id) .. "/json")
  harmless.running(found.ProcessConfig, "the exec")
  plain(req, found.ContainerID)
  return req:forward()
end, "POST /exec/{id}/start POST /exec/{id}/resize")

gate.add(routes, function(req)
  harmless.query(gate.queries(req), "the query")
  return req:forward()
end, "POST /build POST /images/create")

gate.add(routes, gate.pass, [[
  GET /_ping  GET /version  GET /info  GET /events  GET /system/df  POST /auth  POST /build/prune  POST /build/cancel
  GET /containers/json  GET /containers/{id}/json  GET /containers/{id}/logs  GET /containers/{id}/stats
  GET /containers/{id}/top  GET /containers/{id}/changes  GET /exec/{id}/json  POST /containers/prune
  GET /images/{name...}  POST /images/{name...}  DELETE /images/{name...}
  GET /networks  GET /networks/{id}  DELETE /networks/{id}  POST /networks/prune
  GET /volumes  GET /volumes/{name}  DELETE /volumes/{name}  POST /volumes/prune]])

return gate.only(routes, "this socket gives no privileges")
