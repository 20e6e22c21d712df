local t = require "dogger.test"

describe("engine", function()
  local engine
  before_each(function() engine = t.load("engine.lua") end)

  it("lists a container, under every version of the API", function()
    for _, version in ipairs { "", "/v1.24", "/v1.50" } do
      assert.same({ "/web" }, engine:get(version .. "/containers/json"):json()[1].Names)
    end
  end)

  it("does not stop it", function()
    local res = engine:post("/containers/web/stop")
    assert.equal(409, res.status)
    assert.equal("web does not feel like stopping", res:json().message)
  end)

  it("answers what clients ask first", function()
    assert.equal("OK", engine:get("/_ping").body)
  end)
end)
