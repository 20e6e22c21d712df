-- `docker events` sees containers come and go: one JSON document a line, and nothing waits in a buffer.
local docker = require "dogger.docker"
local dogger = require "dogger"
local json = require "dogger.json"

local function event(action, name)
  local now = dogger.now()
  return json.encode { Type = "container", Action = action, scope = "local", time = now // 1 | 0, timeNano = (now * 1e9) // 1 | 0,
    Actor = { ID = docker.id(name), Attributes = { name = name, image = "busybox" } } } .. "\n"
end

return docker.engine {
  ["GET /events"] = function(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      for n = 1, math.huge do
        local name = ("job-%d"):format(n)
        out:write(event("start", name))
        dogger.sleep(1)
        out:write(event("die", name))
      end
    end }
  end,
}
