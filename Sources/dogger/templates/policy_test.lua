local t = require "dogger.test"

describe("policy", function()
  local engine, policy
  before_each(function()
    engine = t.upstream(function() return "from the engine" end)
    policy = t.load("policy.lua", { upstream = engine })
  end)

  it("lets pass what is listed", function()
    assert.equal("from the engine", policy:get("/v1.50/containers/json").body)
    assert.equal("from the engine", policy:get("/containers/web/logs").body)
  end)

  it("refuses all else, and does not ask the engine", function()
    for _, path in ipairs { "/containers/create", "/v1.50/containers/web/stop", "/containers%2Fjson" } do
      assert.equal(403, policy:post(path).status)
    end
    assert.same({}, engine.requests)
  end)
end)
