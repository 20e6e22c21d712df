local t = require "dogger.test"

describe("exec", function()
  local app
  setup(function() app = t.load("exec.lua") end)

  -- Runs a command as `docker exec -i` does: gives what it wrote, and its exit status.
  local function exec(command, input)
    local id = app:post("/v1.50/containers/box/exec", { json = { Cmd = { command } } }):json().Id
    local stream = app:post("/v1.50/exec/" .. id .. "/start", { upgrade = "tcp", json = { Detach = false } }):upgrade()
    if input then stream:write(input) end
    stream:close()
    local output = t.frames(stream:read_all())
    return output, app:get("/v1.50/exec/" .. id .. "/json"):json().ExitCode
  end

  it("answers behind the input's end", function()
    local output, status = exec("rev", "hello\nworld\n")
    assert.equal("olleh\ndlrow\n", output.stdout)
    assert.equal(0, status)
  end)

  it("tells the time of its clock", function()
    t.clock:set(0)
    assert.equal("1970-01-01 00:00:00 UTC\n", exec("date").stdout)
  end)

  it("has an exit status", function()
    assert.equal(1, select(2, exec("false")))
    local output, status = exec("emacs")
    assert.equal("box: emacs: no such command\n", output.stderr)
    assert.equal(127, status)
  end)
end)
