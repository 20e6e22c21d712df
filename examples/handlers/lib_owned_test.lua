local json = require "dogger.json"
local owned = require "lib.owned" "owner"
local making = require "lib.making" (owned)
local double = require "lib.request_double"

local BUILT = "sha256:" .. ("0a"):rep(32)
-- What the engine has: ann's, bob's, and a build's container with ann's label.
local ANSWERS = {
  ["/containers/hers/json"] = { Id = "1111", Config = { Image = "busybox", Labels = { owner = "1" } } },
  ["/containers/his/json"] = { Id = "2222", Config = { Image = "busybox", Labels = { owner = "2" } } },
  ["/containers/build/json"] = { Id = "3333", Config = { Image = BUILT, Labels = { owner = "1" } } },
  ["/containers/scratch/json"] = { Id = "4444", Config = { Image = "", Labels = { owner = "1", image = "busybox" } } },
  ["/volumes/hers"] = { Name = "hers", Labels = { owner = "1" } }, ["/volumes/his"] = { Name = "his", Labels = { owner = "2" } },
  ["/networks/hers"] = { Id = "5555", Name = "hers", Labels = { owner = "1" } },
  ["/networks/db"] = { Id = "7777", Name = "db", Labels = { owner = "1" } }, ["/networks/his"] = { Id = "6666", Labels = json.null },
  ["/exec/e1/json"] = { ContainerID = "hers" }, ["/exec/e2/json"] = { ContainerID = "his" }, ["/exec/e3/json"] = {},
}

local function request(fields)
  fields.peer = { uid = 1 }
  return double(fields, function(asked)
    local found = ANSWERS[asked.target]
    if asked.target == "/volumes/create" then found = ANSWERS["/volumes/" .. json.decode(asked.body).Name] or json.decode(asked.body) end
    return { status = found and 200 or 404, body = json.encode(found or { message = "no" }) }
  end)
end

local function refuses(status, f, ...)
  local arguments = table.pack(...)
  assert.has_error(function() f(table.unpack(arguments)) end, { status = status })
end

-- The filters that a request goes on with.
local function filters(given)
  local req = request { target = "/containers/json" .. (given and "?filters=" .. given or "") }
  owned.filter(req)
  return json.decode(req.query.filters)
end

describe("owned", function()
  it("gives the id of one's own, and says of all else that it is not there", function()
    local req = request {}
    assert.same({ "1111", "hers", "5555" }, { owned.id(req, "containers", "hers"), owned.id(req, "volumes", "hers"),
      (owned.id(req, "networks", "hers")) })
    for _, name in ipairs { "his", "nobody", "", "build", "scratch", "../hers", "hers/json?x=" } do
      assert.has_error(function() owned.id(req, "containers", name) end, { status = 404, message = "No such container: " .. name })
    end
    refuses(404, owned.id, req, "volumes", "his")
    refuses(404, owned.id, req, "networks", "his")
    owned.exec(req, "e1")
    for _, id in ipairs { "e2", "e3", "e4" } do refuses(404, owned.exec, req, id) end
  end)

  it("tells of a volume only as long as it is one's own", function()
    local function told(method, ...)      -- what the engine says of its labels, one time after the other
      local labels, times = { ... }, 0
      local req = double({ method = method, peer = { uid = 1 }, params = { name = "v" }, target = "/volumes/v" }, function()
        times = times + 1
        local found = { Name = "v", Labels = labels[times] and { owner = labels[times] } }
        return { status = labels[times] and 200 or 404, body = json.encode(found), json = function() return found end }
      end)
      return owned.volume(req).status, times
    end
    assert.same({ 200, 2 }, { told("GET", "1", "1") })
    assert.same({ 404, 2 }, { told("GET", "1") })
    assert.same({ 200, 2 }, { told("HEAD", "1", "1") })
    for _, said in ipairs { { "1", "2" }, { "2", "1" }, { "2", "2" }, {} } do refuses(404, told, "GET", table.unpack(said)) end
  end)

  it("knows the image of a build's container", function()
    for _, image in ipairs { BUILT, "", json.null } do assert.is_true(owned.is_of_build(image)) end
    for _, image in ipairs { "busybox", "sha256", "sha256:latest", BUILT:sub(8), BUILT:sub(1, -2), "x/" .. BUILT } do
      assert.is_false(owned.is_of_build(image))
    end
  end)

  it("adds a filter to those that are given", function()
    assert.same({ label = { "owner=1" } }, filters(nil))
    assert.same({ label = { "owner=1" } }, filters(""))
    assert.same({ label = { "a=b", "owner=1" }, name = { "x" } }, filters('{"label":{"a=b":true},"name":["x"]}'))
    assert.same({ label = { "owner=2", "owner=1" } }, filters('{"label":["owner=2"]}'))
    assert.same({ label = { "owner=1" }, before = { "1111" } }, filters('{"before":["hers"]}'))
    for _, given in ipairs { '{"before":["his"]}', '{"since":{"build":true}}' } do refuses(404, filters, given) end
    for _, given in ipairs { "[", "1", '{"label":"a"}', '{"label":null}' } do refuses(400, filters, given) end
  end)

  it("shows no container of a build, though it has one's label", function()
    local list = { { Id = "hers", Image = "busybox" }, { Id = "build", Image = BUILT }, { Id = "scratch", Image = "" }, { Id = "hers",
      Image = BUILT } }
    local shown
    local req = request { target = "/containers/json" }
    function req:forward(changes)
      if changes then return { status = ANSWERS[changes.target] and 200 or 404, body = json.encode(ANSWERS[changes.target] or {}) } end
      return { status = 200, json = function() return list end, set_json = function(_, value) shown = value end }
    end
    owned.containers(req)
    assert.same({ { Id = "hers", Image = "busybox" }, { Id = "hers", Image = BUILT } }, shown)
    list = {}
    owned.containers(req)
    assert.is_true(json.is_array(shown))
  end)

  it("tells no event of images, or of a build's containers, however it is cut", function()
    local look
    local req = request { target = "/events" }
    req.forward = function() return { status = 200, tap = function(res, given) look = given return res end } end
    local function event(kind, image) return json.encode { Type = kind, Actor = { ID = "x", Attributes = { image = image } } } .. "\n" end
    local own, network = event("container", "busybox"), event("network", nil)
    local all = own .. event("container", BUILT) .. event("image", "busybox") .. event("container",
      nil) .. network .. "no JSON\n[]\n{}\n" .. own
    for _, size in ipairs { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, #all } do
      owned.events(req)
      local told = ""
      for first = 1, #all, size do told = told .. look("down", all:sub(first, first + size - 1)) end
      assert.equal(own .. network .. own, told)
    end
  end)

  it("takes others' ids out of a refusal, and leaves one's own", function()
    local hers, his = ("a1"):rep(32), ("b2"):rep(32)
    ANSWERS["/containers/" .. hers .. "/json"] = ANSWERS["/containers/hers/json"]
    local function told(status, text) return owned.refusal(request {}, { status = status, body = text }).body end
    assert.equal('in use by container "of another user".', told(409, 'in use by container "' .. his .. '".'))
    assert.equal("in use by " .. hers, told(409, "in use by " .. hers))
    assert.equal("[of another user, of another user] (br-of another user)", told(403, ("[%s, %s] (br-%s)"):format(his, his, his:sub(1,
      12))))
    assert.equal("br-of another user, of another user", told(403, ("br-%s, %s"):format(his:sub(1, 12), his)))
    assert.equal("No such image: feedfacecafe", told(404, "No such image: feedfacecafe"))
    assert.equal(his, told(200, his))
    assert.is_nil(owned.refusal(request {}, nil))
    assert.is_table(owned.refusal(request {}, { status = 403, json = {} }))
  end)

  it("asks for no manifests, which tell who uses an image", function()
    local req = request { target = "/images/json?manifests=1&all=1" }
    owned.images(req)
    assert.equal("/images/json?all=1", req.target)
  end)
end)

describe("making", function()
  it("puts ids in the place of names, and refuses others'", function()
    local body = { Image = BUILT, Links = json.array { "hers:x" }, HostConfig = { NetworkMode = "container:hers",
      PidMode = "container:hers",
      VolumesFrom = json.array { "hers:ro" }, Binds = json.array { "hers:/v" } },
        NetworkingConfig = { EndpointsConfig = { hers = { NetworkID = "6666" } } } }
    making.container(body, "the body", request {})
    assert.same({ Image = BUILT:sub(8), Labels = { owner = "1" }, Links = { "1111:x" }, HostConfig = { NetworkMode = "container:1111",
      PidMode = "container:1111",
      VolumesFrom = { "1111:ro" }, Binds = { "hers:/v" } },
        NetworkingConfig = { EndpointsConfig = { ["5555"] = { NetworkID = "5555" } } } }, body)
    refuses(403, making.container, { Image = "x", CgroupParent = "/docker/2222" }, "the body", request {})
    refuses(403, making.container, { Image = "x", HostConfig = { CgroupParent = "/docker/2222" } }, "the body", request {})
    refuses(403, making.build, request { target = "/build?cgroupparent=&cgroupparent=/docker/2222" })
    for _, name in ipairs { "NetworkMode", "PidMode", "IpcMode", "Cgroup" } do
      refuses(400, making.container, { Image = "x", HostConfig = { [name] = "container:his" } }, "the body", request {})
    end
    refuses(400, making.container, { Image = "x", HostConfig = { NetworkMode = "his" } }, "the body", request {})
    refuses(409, making.container, { Image = "x", HostConfig = { Binds = json.array { "his:/v" } } }, "the body", request {})
    for _, image in ipairs { "", json.null } do refuses(403, making.container, { Image = image }, "the body", request {}) end
    refuses(400, making.container, { Image = "x", image = BUILT }, "the body", request {})
  end)

  it("means a network by its id, which nobody can take", function()
    for _, body in ipairs { { HostConfig = { NetworkMode = "db" } }, { NetworkMode = "db" }, { HostConfig = { NetworkMode = "db" },
      NetworkingConfig = { EndpointsConfig = { db = json.null } } } } do
      body.Image = "x"
      making.container(body, "the body", request {})
      assert.equal("7777", (body.HostConfig or body).NetworkMode)
      assert.same({ EndpointsConfig = { ["7777"] = { NetworkID = "7777" } } }, body.NetworkingConfig)
    end
    local body = { Image = "x", HostConfig = { NetworkMode = "bridge" },
      NetworkingConfig = { EndpointsConfig = { bridge = { NetworkID = "7" } } } }
    making.container(body, "the body", request {})
    assert.same({ "bridge", {} }, { body.HostConfig.NetworkMode, body.NetworkingConfig.EndpointsConfig.bridge })
    local connection = { Container = "hers" }
    making.connection("bridge")(connection, "the body", request {})
    assert.same({ Container = "1111", EndpointConfig = {} }, connection)
  end)

  it("makes volumes and networks of one's own", function()
    local volume, network = { Name = "new" }, { Name = "new", CheckDuplicate = false }
    making.volume(volume, "the body", request {})
    making.network(network, "the body", request {})
    assert.same({ { owner = "1" }, { owner = "1" }, true }, { volume.Labels, network.Labels, network.CheckDuplicate })
    refuses(409, making.volume, { Name = "his" }, "the body", request {})
    local connection = { Container = "hers", EndpointConfig = { NetworkID = "6666", Links = json.array { "hers:x" } } }
    making.connection("5555")(connection, "the body", request {})
    assert.same({ Container = "1111", EndpointConfig = { Links = { "1111:x" }, NetworkID = "5555" } }, connection)
    refuses(404, making.connection "5555", { Container = "his" }, "the body", request {})
  end)

  it("leaves no label in a commit, and nothing behind a build", function()
    local commit = request { target = "/commit?container=hers&changes=CMD%20x&container=hers" }
    making.commit(commit)
    assert.same({ 'LABEL "owner"=""', "CMD x" }, commit:queries("changes"))
    -- It would swallow an instruction behind it.
    refuses(403, making.commit, request { target = "/commit?container=hers&changes=ENV%20x%3Dy%20%5C" })
    assert.same({ "1111" }, commit:queries("container"))
    refuses(404, making.commit, request { target = "/commit?container=his" })
    local build = request { target = "/build?rm=0&networkmode=hers&rm=0" }
    making.build(build)
    assert.same({ "1", "1", "1" }, { build.query.rm, build.query.forcerm, tostring(#build:queries("rm")) })
    assert.same({ "5555" }, build:queries("networkmode"))
    for _, query in ipairs { "networkmode=his&networkmode=default", "networkmode=container:his" } do
      refuses(400, making.build, request { target = "/build?" .. query })
    end
    refuses(403, making.build, request { target = "/build?networkmode=db" })
  end)
end)
