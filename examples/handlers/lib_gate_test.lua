local json = require "dogger.json"
local gate = require "lib.gate"
local request = require "lib.request_double"

local function refuses(status, f, ...)
  local arguments = table.pack(...)
  assert.has_error(function() f(table.unpack(arguments)) end, { status = status })
end

local JSON = { ["Content-Type"] = "application/json" }

describe("gate", function()
  it("tells no address", function()
    assert.same({ "a", "1", "nil", "{...}" }, { gate.told "a", gate.told(1), gate.told(nil), gate.told {} })
    assert.has_error(function() gate.one_of("a")({ 1 }, "it") end, { status = 403, message = "it = {...} is not allowed on this socket" })
  end)

  it("refuses what the engine could read in another way", function()
    gate.plain(request { target = "/a?b=c", headers = { Upgrade = "TCP" } })
    refuses(400, gate.plain, request { headers = { ["Content-Type"] = "Application/x-www-FORM-urlencoded" } })
    refuses(400, gate.plain, request { headers = { ["Content-Type"] = "multipart/form-data; boundary=x" } })
    refuses(400, gate.plain, request { target = "/a?b=c;d=e" })
    refuses(400, gate.plain, request { target = "/a?b=c?;" })
    gate.plain { target = "/a" .. ("?"):rep(60000), headers = {} }      -- in no time
    refuses(403, gate.plain, request { headers = { Upgrade = "h2c" } })
    refuses(403, gate.plain, request { headers = { Upgrade = "tcp, h2c" } })
  end)

  it("starts a container as it was made", function()
    local req = request { target = "/containers/a/start?detachKeys=x", body = '{"Privileged":true}' }
    assert.equal("passed", gate.start_anew(req).body)
    assert.equal("", req.body)
    for _, query in ipairs { "checkpoint=x", "checkpoint-dir=/", "detachKeys=x&checkpoint=", "future=1" } do
      refuses(403, gate.start_anew, request { target = "/containers/a/start?" .. query })
    end
  end)

  it("keeps to classic builds, whose containers go with them", function()
    local req = request { target = "/build?t=a&rm=0&version=1" }
    gate.build(req)
    assert.same({ "1", "1", "a", "1" }, { req.query.rm, req.query.forcerm, req.query.t, req.query.version })
    for _, query in ipairs { "version=2", "version=1&version=2", "version=01" } do
      refuses(403, gate.build, request { target = "/build?" .. query })
    end
  end)

  it("takes a body that is one object of JSON", function()
    assert.same({ a = 1 }, gate.object(request { headers = { ["Content-Type"] = "APPLICATION/JSON ; charset=utf-8" }, body = '{"a":1}' }))
    refuses(415, gate.object, request { headers = { ["Content-Type"] = "text/plain" }, body = "{}" })
    refuses(415, gate.object, request { headers = { ["Content-Type"] = "application/jsonx" }, body = "{}" })
    refuses(415, gate.object, request { body = "{}" })
    for _, body in ipairs { "[]", "null", "1", '"a"' } do refuses(400, gate.object, request { headers = JSON, body = body }) end
    refuses(413, gate.object, request { headers = JSON, body = "{}" .. (" "):rep(1 << 20) })
  end)

  it("sends on what a rule looked at, and no body where none is needed", function()
    local req = request { headers = { ["Content-Type"] = "application/json; x=y" }, body = '{"a":1,"a":2}' }
    gate.checked(function(body) body.b = body.a end)(req)
    assert.same({ a = 2, b = 2 }, json.decode(req.body))
    assert.equal("application/json", req.headers["Content-Type"])
    assert.equal("passed", gate.checked(error)(request()).body)
    refuses(415, gate.checked(error, true), request())
  end)

  it("knows what says nothing", function()
    for _, value in ipairs { json.null, false, 0, "", {}, json.array() } do assert.is_true(gate.is_empty(value)) end
    assert.is_true(gate.is_empty(nil))
    for _, value in ipairs { true, 1, -1, "0", { 0 }, { a = false } } do assert.is_false(gate.is_empty(value)) end
  end)

  it("lets fields through by name, and takes out empty ones that it does not know", function()
    local rule = gate.fields("Free", { Mode = gate.one_of("a", "b"), List = gate.each(gate.one_of("x")) })
    local object = { Free = { 1 }, Mode = "a", List = json.array { "x" }, Other = json.array(), free = "" }
    rule(object, "it")
    assert.same({ Free = { 1 }, Mode = "a", List = { "x" } }, object)
    for _, wrong in ipairs { { Other = 1 }, { free = 1 }, { Mode = "c" }, { Mode = { "a" } }, { List = json.array { "x", "y" } },
      { mode = "a" }, { ["Mode "] = "a" } } do refuses(403, rule, wrong, "it") end
    refuses(400, rule, { List = { x = "x" } }, "it")
    refuses(400, rule, "text", "it")
    rule({ Mode = json.null, List = false }, "it")
  end)

  it("knows a name in every spelling that Go takes for it", function()
    gate.spelled({ HostConfig = 1, Hostconfigs = 1, [1] = 1 }, "HostConfig Links", "it")
    for _, name in ipairs { "hostconfig", "HOSTCONFIG", "Ho\u{17F}tConfig", "link\u{17F}", "Lin\u{212A}s", "LINKS" } do
      refuses(400, gate.spelled, { [name] = 1 }, "HostConfig Links", "it")
    end
    refuses(400, gate.spelled, json.null, "Links", "it")
  end)

  it("asks the engine, and takes another policy's refusal for its answer", function()
    local asked
    local req = request({}, function(changes) asked = changes return { status = 201, body = '{"Id":"x"}' } end)
    local status, answer = gate.ask(req, "POST", "/a", { b = 1 })
    assert.same({ 201, { Id = "x" } }, { status, answer })
    assert.same({ method = "POST", target = "/a", body = '{"b":1}' }, asked)
    status, answer = gate.ask(request({}, function() error { status = 404, message = "no" } end), "GET", "/a")
    assert.same({ 404, { message = "no" } }, { status, answer })
    for _, body in ipairs { "no JSON", "", '"text"', "null" } do
      assert.same({ 200, {} }, { gate.ask(request({}, function() return { status = 200, body = body } end), "GET", "/a") })
    end
    assert.error_matches(function() gate.ask(request({}, function() error("a fault") end), "GET", "/a") end, "a fault")
    refuses(409, gate.find, request({}, function() return { status = 409, body = '{"message":"x"}' } end), "/a")
  end)

  it("changes parameters and paths of the request, and nothing else of it", function()
    local req = request { target = "/v1.41/a?b=1&c=x%26y&b=2" }
    gate.set_query(req, "b", "3 &=%")
    assert.equal("/v1.41/a?b=3%20%26%3D%25&c=x%26y", req.target)
    assert.equal("3 &=%", req.query.b)
    gate.set_query(req, "b", {})
    assert.equal("/v1.41/a?c=x%26y", req.target)
    gate.redirect(req, "/d")
    assert.equal("/d?c=x%26y", req.target)
    req.version = "1.41"
    gate.redirect(req, "/e")
    assert.equal("/v1.41/e?c=x%26y", req.target)
    assert.same({ b = { "1", "2" }, c = { "x&y" }, d = {} }, gate.queries(request { target = "/?b=1&b=&c=x%26y&d=&b=2" }))
  end)

  it("adds routes", function()
    local routes = {}
    gate.add(routes, gate.pass, [[GET /a  POST /b/{id...}
      * /c]])
    assert.same({ ["GET /a"] = gate.pass, ["POST /b/{id...}"] = gate.pass, ["* /c"] = gate.pass }, routes)
  end)
end)
