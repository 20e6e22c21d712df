-- Each user of the socket, by uid, sees and touches only the containers, volumes and networks that this user made.
-- Shared are images (whoever tags one can replace what another runs next), names (one that is taken is told), the bridge that containers
-- without a network of their own are on, and the numbers of docker info. Builds are the classic ones (DOCKER_BUILDKIT=0); their containers
-- are nobody's, and go with them. Whoever removes a volume just as another makes a new one of its name may remove that one.
-- Who may get to the host (its directories, namespaces, all privileges) can get around it: dogger run nopriv.lua mine.lua --upstream docker
-- @needs upstream
local gate = require "lib.gate"
local owned = require "lib.owned" "dogger.owner"      -- the label that says whose it is
local making = require "lib.making" (owned)

local routes = {}
local with_a_look = { ["/start"] = gate.start_anew, ["/top"] = gate.top }

-- With what is one's own, these can be done. It goes on by its id, since its name could be another's in a moment.
local function on_own(kind, actions)
  for method, action in actions:gmatch("(%u+) ?(/?%l*)") do
    routes[method .. " /" .. kind .. "/{id}" .. action] = function(req)
      gate.redirect(req, "/" .. kind .. "/" .. owned.id(req, kind, req.params.id) .. action)
      return (with_a_look[action] or gate.pass)(req)
    end
  end
end
on_own("containers", "GET /json GET /logs GET /stats GET /top GET /changes GET /export HEAD /archive GET /archive PUT /archive "
  .. "POST /start POST /stop POST /restart POST /kill POST /pause POST /unpause POST /wait POST /attach POST /resize POST /rename "
  .. "POST /update POST /exec DELETE")
on_own("volumes", "DELETE")      -- which has no id
gate.add(routes, owned.volume, "GET /volumes/{name}")
on_own("networks", "GET DELETE")
gate.add(routes, owned.filter,
  "GET /volumes GET /networks POST /containers/prune POST /volumes/prune POST /networks/prune")
gate.add(routes, owned.containers, "GET /containers/json")
gate.add(routes, owned.events, "GET /events")

gate.add(routes, making.create, "POST /containers/create")
gate.add(routes, gate.checked(making.network, true), "POST /networks/create")
gate.add(routes, gate.checked(making.volume, true), "POST /volumes/create")
for action in ("connect disconnect"):gmatch("%a+") do
  routes["POST /networks/{id}/" .. action] = function(req)
    local id = owned.id(req, "networks", req.params.id)
    gate.redirect(req, "/networks/" .. id .. "/" .. action)
    return gate.checked(making.connection(id))(req)
  end
end

gate.add(routes, function(req)
  owned.exec(req, req.params.id)
  return req:forward()
end, "GET /exec/{id}/json POST /exec/{id}/start POST /exec/{id}/resize")
gate.add(routes, making.commit, "POST /commit")
gate.add(routes, making.build, "POST /build")
gate.add(routes, owned.images, "GET /images/json GET /images/{name...}/json")
gate.add(routes, gate.pass, "GET /_ping GET /version GET /info POST /auth GET /images/get GET /images/{name...}/history "
  .. "GET /images/{name...}/get POST /images/create POST /images/load POST /images/{name...}/tag POST /images/{name...}/push")

local handler = gate.only(routes, "this socket shows everybody their own containers")
return function(req)
  if not req.peer.uid then gate.refuse("over TCP nobody knows who is asking: use the Unix socket") end
  return owned.refusal(req, handler(req))
end
