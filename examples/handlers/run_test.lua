local t = require "dogger.test"

describe("run", function()
  it("brings four requests together", function()
    local app = t.load("run.lua")
    local id = app:post("/containers/create", { json = { Cmd = { "echo", "hello" } } }):json().Id
    local output = app:post("/containers/" .. id .. "/attach", { upgrade = true }):upgrade()
    local wait = app:start { method = "POST", path = "/containers/" .. id .. "/wait" }     -- held open until the end
    assert.equal("", output:arrived())
    assert.equal(204, app:post("/containers/" .. id .. "/start").status)
    assert.equal("echo hello\n", t.frames(output:read_all()).stdout)
    assert.same({ StatusCode = 0 }, wait:response():json())
  end)
end)
