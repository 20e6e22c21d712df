local json = require "dogger.json"
local gate = require "lib.gate"
local labelled = require "lib.labelled" "maker"
local request = require "lib.request_double"

local function refuses(status, f, ...)
  local arguments = table.pack(...)
  assert.has_error(function() f(table.unpack(arguments)) end, { status = status })
end

describe("labelled", function()
  it("puts the label on an object, in the place of another's", function()
    for _, labels in ipairs { json.null, {}, "", { maker = "root" } } do
      local body = { Labels = labels }
      labelled.object(body, "the body", "ann")
      assert.same({ Labels = { maker = "ann" } }, body)
    end
    local body = { Labels = { a = "b", Maker = "c" } }
    labelled.object(body, "the body", "ann")
    assert.same({ a = "b", Maker = "c", maker = "ann" }, body.Labels)
    labelled.object(body, "the body", nil)
    assert.same({ a = "b", Maker = "c" }, body.Labels)
  end)

  it("refuses labels that are none, or that the engine would take for labels", function()
    for _, body in ipairs { { Labels = "x" }, { Labels = json.array { "maker=root" } }, { labels = {} }, { ["Label\u{17F}"] = {} } } do
      refuses(400, labelled.object, body, "the body", "ann")
    end
  end)

  it("has a container's named volumes as mounts, which have a label", function()
    local function of(binds, mounts)
      local body = { HostConfig = { Binds = json.array(binds), Mounts = mounts, VolumeDriver = "d" } }
      labelled.container(body, "ann")
      return body.HostConfig
    end
    local labels, driver = { maker = "ann" }, { Name = "d" }
    assert.same({ VolumeDriver = "d", Binds = { "/host:/a", "/anonymous" }, Mounts = {
      { Type = "tmpfs", Target = "/t" },
      { Type = "volume", Source = "one", Target = "/b", VolumeOptions = { Labels = labels, DriverConfig = driver } },
      { Type = "volume", Source = "two", Target = "/c", ReadOnly = true,
        VolumeOptions = { NoCopy = true, Labels = labels, DriverConfig = driver } } } },
      of({ "/host:/a", "one:/b", "two:/c:ro,nocopy", "/anonymous" }, json.array { { Type = "tmpfs", Target = "/t" } }))
    assert.same({ VolumeDriver = "d", Binds = { "/host:/a:Z" } }, of { "/host:/a:Z" })
    refuses(403, of, { "one:/b:Z" })
    refuses(400, of, { "one:/b:ro:x" })
    refuses(400, of, { "one:/b" }, { a = {} })
  end)

  it("has a container's named volumes looked at before it, and labels those of its mounts", function()
    local made = {}
    local body = { HostConfig = {
      Binds = json.array { "/host:/a", "one:/b:ro", "/anonymous" }, VolumeDriver = "local",
      Mounts = json.array {
        { Type = "volume", Source = "two", Target = "/c", VolumeOptions = { Labels = { maker = "root" }, DriverConfig = { Name = "d",
          Options = { o = "x" } } } },
        { Type = "volume", Target = "/d" }, { Type = "bind", Source = "/", Target = "/e" } } } }
    labelled.container(body, "ann", function(volume) table.insert(made, volume) end)
    assert.same({ { Name = "one", Driver = "local" }, { Name = "two", Driver = "d", DriverOpts = { o = "x" },
      Labels = { maker = "ann" } } }, made)
    assert.equal("ann", body.Labels.maker)
    assert.same({ maker = "ann" }, body.HostConfig.Mounts[2].VolumeOptions.Labels)
    assert.is_nil(body.HostConfig.Mounts[3].VolumeOptions)
  end)

  it("labels a service, its containers and their volumes", function()
    local body = { TaskTemplate = { ContainerSpec = { Mounts = json.array { { Type = "volume", Target = "/a" } } } } }
    labelled.service(body, "ann")
    local spec = body.TaskTemplate.ContainerSpec
    assert.same({ "ann", "ann", "ann" }, { body.Labels.maker, spec.Labels.maker, spec.Mounts[1].VolumeOptions.Labels.maker })
    labelled.service({ TaskTemplate = { PluginSpec = {} } }, "ann")
    refuses(400, labelled.service, { taskTemplate = {} }, "ann")
    refuses(400, labelled.service, { TaskTemplate = { containerspec = {} } }, "ann")
  end)

  it("leaves what a service had before an update as it was, and labels what comes with it", function()
    local function mount(name, said, driver)
      local options = { Labels = { maker = said }, DriverConfig = driver }
      return { Type = "volume", Source = name, Target = "/" .. (name or "x"), VolumeOptions = options }
    end
    local nfs = { Name = "local", Options = { type = "nfs" } }
    local before = { Labels = { maker = "bob" }, TaskTemplate = { ContainerSpec = { Mounts = {
      mount("one", "bob"), mount(nil, "bob"), mount("two", "bob", nfs), mount("three", "bob"), mount("{{.Node.ID}}", "bob"),
      { Type = "volume", Source = "bare", Target = "/bare" }, { Type = "bind", Source = "/tmp", Target = "/t" } } } } }
    local body = { TaskTemplate = { ContainerSpec = { Mounts = json.array {
      mount("one", "eve"), mount(nil, "eve"), mount("two", "eve", { Name = "local", Options = { type = "nfs" } }),
      mount("three", "eve", nfs), mount("{{.Node.ID}}", "eve"),
      mount("bare", "eve"), mount("four", "eve"), { Type = "bind", Source = "/tmp", Target = "/t" } } } } }
    labelled.service(body, "ann", before)
    local said = {}
    for i, one in ipairs(body.TaskTemplate.ContainerSpec.Mounts) do said[i] = labelled.of(one.VolumeOptions) or "nobody" end
    assert.same({ "bob", "bob", "bob", "ann", "ann", "nobody", "ann", "nobody" }, said)
    assert.same({ "bob", "bob" }, { body.Labels.maker, body.TaskTemplate.ContainerSpec.Labels.maker })
    for _, nothing in ipairs { json.null, json.array(), "", 0 } do
      labelled.service({ TaskTemplate = { ContainerSpec = { Mounts = nothing } } }, "ann", before)
      labelled.service(body, "ann", { TaskTemplate = { ContainerSpec = { Mounts = nothing } } })
      labelled.service(body, "ann", { TaskTemplate = { ContainerSpec = nothing } })
    end
    assert.is_nil(body.Labels.maker)
  end)

  it("says it in a build's query, once", function()
    local req = request { target = '/build?labels={"maker":"root"}&labels={"a":"b"}&t=z' }
    labelled.build(req, "ann")
    local cached = request { target = "/build?cachefrom=%5B%22a%22%5D&t=x" }
    labelled.build(cached, "ann")
    assert.is_nil(cached.query.cachefrom)
    assert.equal(1, #req:queries("labels"))
    assert.same({ a = "b", maker = "ann" }, json.decode(req.query.labels))
    assert.equal("z", req.query.t)
    refuses(400, labelled.build, request { target = "/build?labels={" }, "ann")
    refuses(400, labelled.build, request { target = "/build?labels=[1]" }, "ann")
  end)

  it("says it in the instructions of a commit, of which none can become another", function()
    local req = request { target = "/commit?changes=CMD%20a&changes=label%20x%3Dy" }
    labelled.changes(req, "ann")
    assert.equal("/commit?changes=LABEL%20%22maker%22%3D%22ann%22&changes=CMD%20a&changes=label%20x%3Dy", req.target)
    for _, change in ipairs { "LABEL maker=root", "label maker=root", "LABEL 'maker'=root", "LABEL a=b maker=root",
      "CMD a\nLABEL maker=root",
      "CMD a \\", "CMD a\\  ", "FROM x", "RUN x", "", " CMD a", "LABEL $X=y", "LABEL a=$b" } do
      refuses(403, labelled.changes, request { target = "/commit?changes=" .. gate.escape(change) }, "ann")
    end
    refuses(403, labelled.changes, request { target = "/commit?changes=CMD" .. ("%20"):rep(20000) }, "ann")      -- in no time
    refuses(400, labelled.container, { HostConfig = { Binds = json.array { "a:" .. ("b"):rep(500000) .. ":c:d" } } }, "ann")
  end)
end)
