local t = require "dogger.test"

describe("log", function()
  it("tells who asked for what, and what came of it", function()
    local app = t.load("log.lua", { upstream = { ["GET /info"] = function() return { json = {} } end } })
    app:get("/info", { peer = { pid = 7, uid = 1000, gid = 1000 } })
    app:get("/nothing", { peer = { address = "127.0.0.1:9" } })
    local lines = t.logs()
    assert.matches("uid 1000, pid 7: GET /info %-> 200 %(0.0 ms%)$", lines[1])
    assert.matches("127.0.0.1:9: GET /nothing %-> 404 ", lines[2])
  end)
end)
