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

local function on_container(method, action, handler)
  routes[method .. " /containers/{id}" .. action] = function(req)
    gate.redirect(req, "/containers/" .. plain(req, req.params.id) .. action)
    return handler(req)
  end
end
for method, action in ("POST /stop POST /restart POST /kill POST /pause POST /unpause POST /wait POST /attach POST /resize "
  .. "POST /rename HEAD /archive GET /archive PUT /archive GET /export DELETE"):gmatch("(%u+) ?(/?%l*)") do
  on_container(method, action, gate.pass)
end
on_container("POST", "/start", gate.start_anew)
on_container("POST", "/exec", gate.checked(harmless.exec))
on_container("POST", "/update", gate.checked(harmless.update))
routes["POST /commit"] = function(req)
  gate.set_query(req, "container", plain(req, req.query.container or ""))
  return gate.checked(harmless.container)(req)
end

gate.add(routes, gate.checked(harmless.container), "POST /containers/create")
gate.add(routes, gate.checked(harmless.volume), "POST /volumes/create")
gate.add(routes, gate.checked(harmless.network), "POST /networks/create")
gate.add(routes, gate.checked(function(body, name, req)
  harmless.connection(body, name, req)
  body.Container = plain(req, gate.told(body.Container))
end), "POST /networks/{id}/connect POST /networks/{id}/disconnect")
gate.add(routes, gate.queried(harmless.query), "POST /build POST /images/create")
gate.add(routes, function(req)
  local found = gate.find(req, "/exec/" .. gate.escape(req.params.id) .. "/json")
  harmless.running(found.ProcessConfig, "the exec")
  plain(req, found.ContainerID)
  return req:forward()
end, "POST /exec/{id}/start POST /exec/{id}/resize")
routes["GET /containers/{id}/top"] = gate.top
gate.add(routes, gate.pass, [[
  GET /_ping  GET /version  GET /info  GET /events  GET /system/df  POST /auth  POST /build/prune  POST /build/cancel
  GET /containers/json  GET /containers/{id}/json  GET /containers/{id}/logs  GET /containers/{id}/stats
  GET /containers/{id}/changes  GET /exec/{id}/json  POST /containers/prune  POST /images/prune
  GET /images/{name...}  DELETE /images/{name...}  POST /images/load  POST /images/{name...}/tag  POST /images/{name...}/push
  GET /networks  GET /networks/{id}  DELETE /networks/{id}  POST /networks/prune
  GET /volumes  GET /volumes/{name}  DELETE /volumes/{name}  POST /volumes/prune]])

return gate.only(routes, "this socket gives no privileges")
