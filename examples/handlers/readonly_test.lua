local t = require "dogger.test"
local docker = require "dogger.docker"

describe("readonly", function()
  local engine, app
  before_each(function()
    engine = t.upstream(docker.engine {
      ["GET /containers/json"] = function() return { json = { docker.container { name = "web" } } } end,
      ["DELETE /containers/{id}"] = function() return { status = 204 } end,
    })
    app = t.load("readonly.lua", { upstream = engine })
  end)

  it("lets clients look", function()
    assert.same({ "/web" }, app:get("/v1.50/containers/json"):json()[1].Names)
  end)

  it("lets nobody change anything, and does not even ask the engine", function()
    assert.equal(403, app:delete("/v1.50/containers/web").status)
    assert.equal(403, app:post("/v1.50/containers/create", { json = { Image = "busybox" } }).status)
    assert.equal(403, app:get("/v1.50/containers/web/attach/ws").status)
    assert.equal(403, app:get("/v1.50/containers/web/top?ps_args=axe").status)
    assert.equal(403, app:get("/v1.50/info", { headers = { Connection = "Upgrade", Upgrade = "h2c" } }).status)
    assert.same({}, engine.requests)
  end)
end)
