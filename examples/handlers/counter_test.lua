local t = require "dogger.test"

describe("counter", function()
  local app
  before_each(function() app = t.load("counter.lua") end)      -- in a VM of its own: each test begins at one

  it("counts all visits, and those of each path", function()
    assert.equal("visit 1, number 1 to /a\n", app:get("/a").body)
    assert.equal("visit 2, number 1 to /b\n", app:get("/b").body)
    assert.equal("visit 3, number 2 to /a\n", app:get("/a").body)
  end)

  it("begins anew with each version", function()
    assert.equal("visit 1, number 1 to /a\n", app:get("/a").body)
  end)
end)
