-- The three workloads as a dogger handler.

local containers = require "containers"

return {
  ["GET /hello"] = function()
    return "hello, docker\n"
  end,
  ["GET /containers/json"] = function()
    return { json = containers() }
  end,
  ["POST /echo"] = function(req)
    return { headers = { ["Content-Type"] = "application/octet-stream" }, body = req.body }
  end,
}
