-- One engine made of several: `docker ps` lists the containers of all; everything else goes to the first.
--   dogger run engines.lua --upstream /var/run/docker.sock --allow-net /var/run/docker.sock --allow-net /run/other.sock
local docker = require "dogger.docker"
local http = require "dogger.http"

local ENGINES = { "/var/run/docker.sock", "/run/other.sock" }

local function url(socket, target)
  return "http+unix://" .. socket:gsub("/", "%%2F") .. target
end

return docker.api {
  ["GET /containers/json"] = function(req)
    local all = {}
    for _, socket in ipairs(ENGINES) do
      local res = http.get(url(socket, req.target), { timeout = 10 })
      if res.status ~= 200 then return res end
      table.move(res:json(), 1, #res:json(), #all + 1, all)
    end
    return { json = require "dogger.json".array(all) }
  end,
}
