local t = require "dogger.test"

describe("routes", function()
  local handler
  before_each(function() handler = t.load("routes.lua") end)

  it("greets", function()
    assert.equal("hello, you\n", handler:get("/hello/you").body)
  end)

  it("adds up", function()
    assert.same({ sum = 6 }, handler:post("/sum", { json = { 1, 2, 3 } }):json())
  end)

  it("says so where a body is not JSON", function()
    assert.equal(400, handler:post("/sum", { body = "1, 2" }).status)
  end)

  it("knows nothing else", function()
    assert.equal(404, handler:get("/").status)
  end)
end)
