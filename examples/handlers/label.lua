-- Labels all that is made through this socket with the uid of who made it. Nobody can leave the label out, or say another's.
-- That is containers, volumes, networks, services, configs, secrets, and the images of build, commit and import. An update leaves the
-- label as it was; a volume that a service gets by it is its asker's. Not labelled is what comes from elsewhere (docker pull, docker
-- load), a volume without a name that an image or -v /path asks for, a build's images below the last, and what the engine makes by
-- itself; a network from a config (--config-from) can have no label, and the engine refuses it. BuildKit could make an image that nobody
-- has looked at, so that builds are the classic ones: DOCKER_BUILDKIT=0. A named volume in -v becomes a mount, which can have a label:
-- options that no mount has (Z) are refused.
-- @needs upstream
local docker = require "dogger.docker"
local gate = require "lib.gate"

local LABEL = "dogger.made-by"
local labelled = require "lib.labelled" (LABEL)

local function maker(req)
  return req.peer.uid and tostring(req.peer.uid) or req.peer.address
end

local routes = {}

local function makes(patterns, rule)
  gate.add(routes, gate.checked(function(body, _, req) rule(body, maker(req), req) end, true), patterns)
end
makes("POST /volumes/create POST /networks/create POST /configs/create POST /secrets/create", function(body, value)
  labelled.object(body, "the body", value)
end)
makes("POST /services/create", function(body, value) labelled.service(body, value) end)
makes("POST /containers/create", function(body, value) labelled.container(body, value) end)
gate.add(routes, gate.start, "POST /containers/{id...}/start")      -- a link's alias is a name with a slash in it

-- It goes on by the id: the name could be another's in a moment.
local function updates(kind, rule)
  gate.add(routes, gate.checked(function(body, _, req)
    local found = gate.find(req, ("/%s/%s"):format(kind, gate.escape(req.params.id)))
    gate.redirect(req, ("/%s/%s/update"):format(kind, found.ID))
    rule(body, maker(req), found.Spec)
  end, true), "POST /" .. kind .. "/{id...}/update")
end
updates("services", labelled.service)
for kind in ("configs secrets"):gmatch("%a+") do
  updates(kind, function(body, _, spec) labelled.object(body, "the body", labelled.of(spec)) end)
end

gate.add(routes, function(req)
  labelled.build(req, maker(req))
  return gate.build(req)
end, "POST /build")
gate.add(routes, function(req) labelled.changes(req, maker(req)) return req:forward() end, "POST /commit POST /images/create")

local listed = docker.api(routes)
return function(req)
  gate.plain(req)
  return listed(req)
end
