local t = require "dogger.test"

-- Every route of Docker's engines (API 1.12 to 1.50), and which policies of those that go by a list let it go on: r(eadonly), n(opriv),
-- m(ine).
local ROUTES = [[
GET /_ping rnm            HEAD /_ping rnm           GET /version rnm          GET /info rnm             GET /events rnm
GET /system/df rn         POST /auth nm             POST /build nm            POST /build/prune n       POST /build/cancel n
POST /session -           POST /grpc -              POST /commit nm           GET /distribution/x/json -
GET /debug/vars -         GET /debug/pprof/heap -   GET /debug/requests -     OPTIONS /info -
GET /containers/json rnm  GET /containers/ps -      POST /containers/create nm  POST /containers/prune nm
GET /containers/x/json rnm        GET /containers/x/logs rnm        GET /containers/x/stats rnm       GET /containers/x/top rnm
GET /containers/x/changes rnm     GET /containers/x/export rnm      GET /containers/x/attach/ws -     GET /containers/x/checkpoints -
HEAD /containers/x/archive rnm    GET /containers/x/archive rnm     PUT /containers/x/archive nm      POST /containers/x/copy -
POST /containers/x/start nm       POST /containers/x/stop nm        POST /containers/x/restart nm     POST /containers/x/kill nm
POST /containers/x/pause nm       POST /containers/x/unpause nm     POST /containers/x/wait nm        POST /containers/x/attach nm
POST /containers/x/resize nm      POST /containers/x/rename nm      POST /containers/x/update nm      POST /containers/x/exec nm
POST /containers/x/checkpoints -  DELETE /containers/x/checkpoints/y -  DELETE /containers/x nm
GET /exec/x/json rnm      POST /exec/x/start nm     POST /exec/x/resize nm
GET /images/json rnm      GET /images/search n      GET /images/get rnm       GET /images/x/json rnm    GET /images/x/history rnm
GET /images/x/get rnm     GET /images/r/x/json rnm  POST /images/create nm    POST /images/load nm      POST /images/prune n
POST /images/x/push nm    POST /images/x/tag nm     DELETE /images/x n        GET /images/x/attestations n
POST /images/r/x/push nm  POST /images/r/x/tag nm   POST /images/x -          POST /images/x/create -
GET /networks rnm         GET /networks/x rnm       POST /networks/create nm  POST /networks/prune nm   DELETE /networks/x nm
POST /networks/x/connect nm       POST /networks/x/disconnect nm
GET /volumes rnm          GET /volumes/x rnm        POST /volumes/create nm   POST /volumes/prune nm    DELETE /volumes/x nm
PUT /volumes/x -
GET /plugins r            GET /plugins/x/json r     GET /plugins/privileges -   POST /plugins/pull -    POST /plugins/create -
POST /plugins/x/enable -  POST /plugins/x/disable - POST /plugins/x/upgrade - POST /plugins/x/push -    POST /plugins/x/set -
DELETE /plugins/x -
GET /swarm -              GET /swarm/unlockkey -    POST /swarm/init -        POST /swarm/join -        POST /swarm/leave -
POST /swarm/update -      POST /swarm/unlock -      GET /nodes r              GET /nodes/x r            POST /nodes/x/update -
DELETE /nodes/x -         GET /services r           GET /services/x r         GET /services/x/logs r    POST /services/create -
POST /services/x/update -   DELETE /services/x -    GET /tasks r              GET /tasks/x r            GET /tasks/x/logs r
GET /secrets -            GET /secrets/x -          POST /secrets/create -    POST /secrets/x/update -  DELETE /secrets/x -
GET /configs -            GET /configs/x -          POST /configs/create -    POST /configs/x/update -  DELETE /configs/x -
GET /a/route/to/come -    POST /a/route/to/come -   GET / -                   PATCH /containers/x -     LINK /containers/x -]]

describe("policies that let the rest go on", function()
  it("know a route however deep its name is", function()
    local upstream = function(req)
      return { json = { Config = { Env = { "A=secret" } }, Body = req.body, Path = req.path } }
    end
    local redact, label = t.load("redact.lua", { upstream = upstream }), t.load("label.lua", { upstream = upstream })
    for _, depth in ipairs { 1, 60, 61, 62, 63, 64, 65, 66, 70, 1000 } do
      local name = ("a/"):rep(depth) .. "b"
      for _, prefix in ipairs { "", "/v1.23" } do
        for _, path in ipairs { "/images/%s/json", "/images/%s/history", "/containers/%s/json", "/exec/%s/json", "/plugins/%s/json" } do
          local res = redact:get(prefix .. path:format(name))
          assert.same({ "A=***" }, res:json().Config.Env)
        end
        assert.equal(403, redact:get(prefix .. "/containers/" .. name .. "/top?ps_args=axe%20-o%20pid,args").status)
        local res = label:post(prefix .. "/containers/" .. name .. "/start", { json = { Binds = { "v:/v" } } })
        assert.equal("", res:json().Body)
      end
    end
  end)
end)

describe("policies that go by a list", function()
  for letter, name in pairs { r = "readonly", n = "nopriv", m = "mine" } do
    it("have one in " .. name .. " that leaves out what is not known", function()
      local app = t.load(name .. ".lua", { upstream = function() return { status = 404, json = { message = "gone on" } } end })
      for method, path, passing in ROUTES:gmatch("(%u+) (/%S*) +(%S+)") do
        for _, prefix in ipairs { "", "/v1.12", "/v1.24", "/v1.41", "/v1.50" } do
          local res = app:request { method = method, path = prefix .. path }
          local is_left_out = res.status == 403 and (res.body == "" or res.body:find("is not a") ~= nil)
          assert.equal(passing:find(letter) == nil, is_left_out, method .. " " .. prefix .. path .. ": " .. tostring(res.body))
        end
      end
    end)
  end
end)
