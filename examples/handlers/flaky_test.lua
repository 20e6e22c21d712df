local t = require "dogger.test"

describe("flaky", function()
  it("fails every third time, and is late the second", function()
    local app, start = t.load("flaky.lua"), t.clock:now()
    assert.equal(200, app:get("/containers/json").status)
    assert.equal(0, t.clock:now() - start)
    assert.equal(200, app:get("/containers/json").status)
    assert.near(0.2, t.clock:now() - start, 0.001)
    local res = app:get("/containers/json")
    assert.equal(500, res.status)
    assert.equal("the disk is on fire; try again", res:json().message)
  end)
end)
