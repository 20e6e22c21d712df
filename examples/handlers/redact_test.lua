local t = require "dogger.test"
local docker = require "dogger.docker"

describe("redact", function()
  it("hides the values of variables, wherever they stand", function()
    local app = t.load("redact.lua", { upstream = docker.engine {
      ["GET /containers/{id}/json"] = function()
        return { json = { Config = { Env = { "PATH=/bin", "PASSWORD=a=b" }, Cmd = { "sh" } }, Name = "/web" } }
      end,
    } })
    local found = app:get("/v1.50/containers/web/json"):json()
    assert.same({ Config = { Env = { "PATH=***", "PASSWORD=***" }, Cmd = { "sh" } }, Name = "/web" }, found)
  end)

  it("asks ps for nothing that shows the environment", function()
    local app = t.load("redact.lua", { upstream = function() return "the processes" end })
    assert.equal("the processes", app:get("/containers/web/top?ps_args=-ef").body)
    assert.equal(403, app:get("/containers/web/top", { query = { ps_args = "aux e" } }).status)
  end)

  it("lets the protocol change for BuildKit's own requests only", function()
    local engine = t.upstream(function() return "passed" end)
    local app = t.load("redact.lua", { upstream = engine })
    local h2c = { headers = { Connection = "Upgrade", Upgrade = "h2c" } }
    assert.equal(403, app:get("/containers/web/json", h2c).status)
    assert.equal(403, app:get("/_ping", h2c).status)
    assert.same({}, engine.requests)
    assert.equal("passed", app:post("/v1.41/session", h2c).body)
    assert.equal("passed", app:post("/grpc", h2c).body)
  end)

  it("asks for no details of logs", function()
    local app = t.load("redact.lua", { upstream = function(req) return req.target end })
    assert.equal("/v1.41/containers/web/logs?stdout=1", app:get("/v1.41/containers/web/logs?details=1&stdout=1&details=0").body)
  end)
end)
