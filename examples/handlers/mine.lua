-- Each user of the socket, by uid, sees and touches only the containers, volumes and networks that this user made.
-- Shared are images (whoever tags one can replace what another runs next), names (one that is taken is told), and the numbers of
-- docker info. A Dockerfile can pass its build's containers off as another's; no other's off as its own.
-- A user who may mount the host's directories can get around it: dogger run nopriv.lua mine.lua --upstream docker
-- @needs upstream
local gate = require "lib.gate"
local owned = require "lib.owned" "dogger.owner"      -- the label that says whose it is

local routes = {}

-- With what is one's own, these can be done. It goes on by its id, since its name could be another's in a moment.
local function on_own(kind, actions)
  for method, action in actions:gmatch("(%u+) ?(%S*)") do
    routes[method .. " /" .. kind .. "/{id}" .. action] = function(req)
      gate.redirect(req, "/" .. kind .. "/" .. owned.id(req, kind, req.params.id) .. action)
      if action == "/start" then req.body = "" end      -- engines up to 25 would take a HostConfig there
      return req:forward()
    end
  end
end
on_own("containers", "GET /json GET /logs GET /stats GET /top GET /changes GET /export HEAD /archive GET /archive PUT /archive "
  .. "POST /start POST /stop POST /restart POST /kill POST /pause POST /unpause POST /wait POST /attach POST /resize POST /rename "
  .. "POST /update POST /exec")
for kind in ("containers volumes networks"):gmatch("%a+") do
  on_own(kind, "DELETE")
  gate.add(routes, function(req) owned.filter(req) return req:forward() end, "POST /" .. kind .. "/prune")
end
on_own("volumes", "GET")
on_own("networks", "GET")
gate.add(routes, function(req) owned.filter(req) return req:forward() end, "GET /containers/json GET /volumes GET /networks GET /events")

gate.add(routes, gate.checked(owned.container, true), "POST /containers/create")
gate.add(routes, gate.checked(function(body, _, req) owned.new_network(req, body) end, true), "POST /networks/create")
gate.add(routes, gate.checked(function(body, _, req) owned.volume(req, body) end, true), "POST /volumes/create")
gate.add(routes, function(req)
  gate.redirect(req, "/networks/" .. owned.id(req, "networks", req.params.id) .. req.path:match("/%a+$"))
  return gate.checked(owned.connection)(req)
end, "POST /networks/{id}/connect POST /networks/{id}/disconnect")

gate.add(routes, function(req)
  owned.exec(req, req.params.id)
  return req:forward()
end, "GET /exec/{id}/json POST /exec/{id}/start POST /exec/{id}/resize")
gate.add(routes, function(req)
  gate.set_query(req, "container", owned.id(req, "containers", req.query.container))
  return req:forward()
end, "POST /commit")
gate.add(routes, function(req)
  for _, mode in ipairs(req:queries("networkmode")) do owned.network(req, mode) end
  return req:forward()
end, "POST /build")
gate.add(routes, gate.pass, "GET /_ping GET /version GET /info POST /auth GET /images/json GET /images/{name...}/json GET /images/get "
  .. "GET /images/{name...}/history GET /images/{name...}/get POST /images/create POST /images/load POST /images/{name...}/tag "
  .. "POST /images/{name...}/push")

local handler = gate.only(routes, "this socket shows everybody their own containers")
return function(req)
  if not req.peer.uid then gate.refuse("over TCP nobody knows who is asking: use the Unix socket") end
  return handler(req)
end
