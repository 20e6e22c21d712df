-- `docker images`, `docker inspect` and `docker rmi` with images that are rows of a table.
local docker = require "dogger.docker"
local json = require "dogger.json"

local images = {
  docker.image { name = "moon:latest", size = 7 << 20 },
  docker.image { name = "registry.example/sun:1.0", size = 696 << 20, labels = { temperature = "5772 K" } },
}

local function find(name)
  for index, image in ipairs(images) do
    local tag = image.RepoTags[1]
    if tag == name or tag == name .. ":latest" or image.Id:find(name, 1, true) then return index, image end
  end
  error { status = 404, message = "No such image: " .. name }
end

return docker.engine {
  ["GET /images/json"] = function(req)
    return { json = json.array(images) }
  end,

  ["GET /images/{name...}/json"] = function(req)
    local _, image = find(req.params.name)
    return { json = { Id = image.Id, RepoTags = image.RepoTags, Size = image.Size, Os = "linux", Architecture = "amd64",
      Config = { Labels = image.Labels } } }
  end,

  ["DELETE /images/{name...}"] = function(req)
    local index, image = find(req.params.name)
    table.remove(images, index)
    return { json = { { Untagged = image.RepoTags[1] }, { Deleted = image.Id } } }
  end,
}
