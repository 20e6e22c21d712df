local t = require "dogger.test"

describe("function", function()
  it("says where it was asked", function()
    local res = t.load("function.lua"):get("/some/where")
    assert.equal(200, res.status)
    assert.equal("hello from /some/where\n", res.body)
  end)
end)
