local t = require "dogger.test"

describe("ps", function()
  it("lists a container that does not exist", function()
    local res = t.load("ps.lua"):get("/v1.50/containers/json")
    assert.equal(200, res.status)
    local web = res:json()[1]
    assert.same({ "/web" }, web.Names)
    assert.equal(8080, web.Ports[1].PublicPort)
  end)

  it("answers what every client asks first", function()
    local app = t.load("ps.lua")
    assert.equal("OK", app:get("/_ping").body)
    assert.equal(404, app:get("/v1.50/volumes").status)
  end)
end)
