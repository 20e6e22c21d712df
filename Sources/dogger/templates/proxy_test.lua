local t = require "dogger.test"

describe("proxy", function()
  local proxy
  before_each(function()
    proxy = t.load("proxy.lua", { upstream = {
      ["GET /containers/json"] = function() return { json = { { Id = "1", Status = "Up" } } } end,
      ["GET /via"] = function(req) return req.headers["X-Via"] end,
    } })
  end)

  it("changes the list", function()
    assert.same({ { Id = "1", Status = "Up, as seen by dogger" } }, proxy:get("/containers/json"):json())
  end)

  it("adds a header to the request", function()
    assert.equal("dogger", proxy:get("/via").body)
  end)

  it("passes on what it does not know", function()
    assert.equal(404, proxy:get("/nowhere").status)
  end)
end)
