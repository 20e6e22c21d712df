-- The three workloads as HAProxy Lua services.

local cjson = require "cjson"
local containers = require "containers"

local function answer(applet, content_type, body)
  applet:set_status(200)
  applet:add_header("Content-Type", content_type)
  applet:add_header("Content-Length", #body)
  applet:start_response()
  applet:send(body)
end

core.register_service("hello", "http", function(applet)
  answer(applet, "text/plain", "hello, docker\n")
end)

core.register_service("ps", "http", function(applet)
  answer(applet, "application/json", cjson.encode(containers()))
end)

core.register_service("echo", "http", function(applet)
  answer(applet, "application/octet-stream", applet:receive())
end)
