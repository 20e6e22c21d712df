-- Labels what is made through this socket with the uid of who made it: containers, networks, volumes and built images.
-- @needs upstream
local docker = require "dogger.docker"
local gate = require "lib.gate"
local json = require "dogger.json"

local LABEL = "dogger.made-by"

local function labelled(labels, req)
  if gate.is_empty(labels) then labels = {} end
  if type(labels) ~= "table" or json.is_array(labels) then gate.refuse("labels have to be an object", 400) end
  labels[LABEL] = req.peer.uid and tostring(req.peer.uid) or req.peer.address      -- whatever the client said
  return labels
end

local function make(req)
  local body = gate.object(req)
  gate.spelled(body, "Labels", "the body")
  body.Labels = labelled(body.Labels, req)
  return gate.send(req, body)
end

local function build(req)
  local given = req.query.labels
  local ok, labels = pcall(json.decode, given ~= "" and given or "{}")
  if not ok then gate.refuse("the query's labels have to be an object of JSON", 400) end
  gate.set_query(req, "labels", json.encode(labelled(labels, req)))
  return req:forward()
end

local routes = docker.api {
  ["POST /containers/create"] = make, ["POST /networks/create"] = make, ["POST /volumes/create"] = make, ["POST /build"] = build,
}

return function(req)
  gate.plain(req)
  return routes(req)
end
