-- The container list of the ps workload, built anew at every call: what a handler that answers `docker ps` does.
-- Every server with Lua loads this one file, so all do the same work. containers.json is what must come out.

return function()
  return {
    {
      Id = "8dfafdbc3a40b3c1f2a9d0a7f3c5b1e4d6a8907c2b4e6f81a3c5d7e9f0b1d2c3",
      Names = { "/web" },
      Image = "nginx:1.27-alpine",
      ImageID = "sha256:1f2e3d4c5b6a79880716253443526170f9e8d7c6b5a49382716051423324150f",
      Command = "/docker-entrypoint.sh nginx -g 'daemon off;'",
      Created = 1764000000,
      Ports = { { IP = "0.0.0.0", PrivatePort = 80, PublicPort = 8080, Type = "tcp" } },
      Labels = { ["com.docker.compose.project"] = "shop", ["com.docker.compose.service"] = "web" },
      State = "running",
      Status = "Up 2 hours",
      HostConfig = { NetworkMode = "shop_default" },
    },
    {
      Id = "9cd87474be90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607182930",
      Names = { "/api" },
      Image = "shop/api:2026.11",
      ImageID = "sha256:a0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff",
      Command = "/srv/api --listen :9000",
      Created = 1763998800,
      Ports = { { PrivatePort = 9000, Type = "tcp" } },
      Labels = { ["com.docker.compose.project"] = "shop", ["com.docker.compose.service"] = "api" },
      State = "running",
      Status = "Up 2 hours (healthy)",
      HostConfig = { NetworkMode = "shop_default" },
    },
    {
      Id = "4cb07b47f9fb00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796",
      Names = { "/db" },
      Image = "postgres:16",
      ImageID = "sha256:00ff11ee22dd33cc44bb55aa66997788778899665544332211aabbccddeeff00",
      Command = "docker-entrypoint.sh postgres",
      Created = 1763912400,
      Ports = { { PrivatePort = 5432, Type = "tcp" } },
      Labels = { ["com.docker.compose.project"] = "shop", ["com.docker.compose.service"] = "db" },
      State = "exited",
      Status = "Exited (0) 3 minutes ago",
      HostConfig = { NetworkMode = "shop_default" },
    },
  }
end
