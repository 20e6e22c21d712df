local t = require "dogger.test"

describe("who", function()
  it("tells the caller who it is", function()
    local res = t.load("who.lua"):get("/", { peer = { pid = 42, uid = 1000, gid = 100 } })
    assert.equal("process 42 of user 1000, group 100\n", res.body)
  end)

  it("knows only an address over TCP", function()
    local res = t.load("who.lua"):get("/", { peer = { address = "127.0.0.1:54321" } })
    assert.equal("somebody at 127.0.0.1:54321\n", res.body)
  end)
end)
