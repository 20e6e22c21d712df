-- `docker pull` shows progress that never was: one JSON document a step.
local docker = require "dogger.docker"
local dogger = require "dogger"
local json = require "dogger.json"

return docker.engine {
  ["POST /images/create"] = function(req)
    return { headers = { ["Content-Type"] = "application/json" }, body = function(out)
      local function tell(step) out:write(json.encode(step), "\n") end
      tell { status = "Pulling from " .. req.query.fromImage, id = req.query.tag }
      for _, layer in ipairs { "a1b2c3", "d4e5f6" } do
        for percent = 0, 100, 20 do
          tell { status = "Downloading", id = layer, progressDetail = { current = percent << 20, total = 100 << 20 } }
          dogger.sleep(0.05)
        end
        tell { status = "Pull complete", id = layer, progressDetail = {} }
      end
      tell { status = "Status: Downloaded nothing at all" }
    end }
  end,
}
