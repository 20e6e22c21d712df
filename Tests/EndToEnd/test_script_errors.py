"""A script that fails tells its author where, in the client's own window and in the log; and harms nobody else."""

import re

import pytest


@pytest.fixture
def failing(serve):
    """Serves a handler whose /fail runs `body`, which begins at line 3."""

    def start(body, *options):
        return serve(f"""return {{ ["GET /good"] = function(req) return "fine" end,
["GET /fail"] = function(req)
{body}
end }}""", *options)

    return start


@pytest.mark.parametrize("body,message", [
    ("local c = nil return c.name", r"^handler\.lua:3: attempt to index a nil value \(local 'c'\)$"),
    ("error('my words')", r"^handler\.lua:3: my words$"),
    ("error('no place', 0)", r"^no place$"),
    ("error({ status = 409, message = 'taken' })", r"^taken$"),
    ("error({ message = 'plain' })", r"^plain$"),
    ("error({ code = 1 })", r"^handler\.lua:3: error was called with a table that has no message"),
    ("error(42)", r"42"),
    ("error()", r"^handler\.lua:3: error was called with a nil value"),
    ("error(print)", r"function value"),
    ("return undefined_name", r"^handler\.lua:3: 'undefined_name' is not defined"),
    ("counter = 1", r"^handler\.lua:3: 'counter' is a global variable: write `local counter"),
    ("string.rep = nil", r"^handler\.lua:3: string\.rep can't be set"),
    ("_G.x = 1", r"handler\.lua:3: .*'x'"),
    ("print = nil", r"'print' belongs to the standard library"),
    ("rawset(string, 'x', 1)", r"rawset can't change a read-only table"),
    ("getmetatable('').__index = nil", r"handler\.lua:3: "),
    ("setmetatable({}, { __gc = print })", r"__gc is not available"),
    ("return io.open('/etc/passwd')", r"'io' is not defined"),
    ("return os.execute('ls')", r"handler\.lua:3: .*execute"),
    ("return debug.getregistry()", r"'debug' is not defined"),
    ("return package.path", r"'package' is not defined"),
    ("return load('\\27Lua')()", r"handler\.lua:3: "),
    ("return require('os')", r"no module 'os'"),
    ("return dofile('/etc/passwd')", r"'dofile' is not defined"),
    ("coroutine.yield()", r"outside a coroutine"),
    ("return table.concat({ {} })", r"^handler\.lua:3: "),
    ("return { json = { f = print } }", r"^handler\.lua:2: .*function"),
    ("local function f() return f() + 1 end f()", r"stack overflow"),
    ("return require('dogger').read_file('../secret')", r"^handler\.lua:3: .*beside it"),
    ("return require('dogger').read_file('/etc/passwd')", r"beside it"),
    ("return require('dogger').read_file('none.txt')", r"none\.txt: there is no such file"),
    ("return require('dogger.json').decode('[1,')", r"^handler\.lua:3: "),
    ("require('dogger').sleep(-1)", r"^handler\.lua:3: "),
    ("table.sort({ 1, 2, 3 }, function() require('dogger').sleep(0.001) return false end)", r"can wait"),
])
def test_an_error_is_told_in_docker_s_shape(failing, body, message):
    dogger = failing(body)
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/fail")
        assert answer.status == (409 if "409" in body else 500)
        assert answer["Content-Type"] == "application/json" and list(answer.json) == ["message"]
        assert re.search(message, answer.message), answer.message
        assert connection.ask("GET", "/good").text == "fine"
    dogger.wait(re.escape(answer.message.split("\n")[0]))


def test_the_traceback_goes_to_the_log_alone(failing):
    dogger = failing("local function inner() error('deep') end inner() return 1")
    answer = dogger.get("/fail")
    assert answer.message == "handler.lua:3: deep"
    dogger.wait(r"^stack traceback:$")
    dogger.wait(r"handler\.lua:3: in .*inner")


def test_hide_errors(failing):
    dogger = failing("error('a secret')", "--hide-errors")
    answer = dogger.get("/fail")
    assert answer.status == 500 and "secret" not in answer.text and "handler.lua" not in answer.text
    assert "log" in answer.message
    dogger.wait("a secret")
    assert dogger.post("/fail", "x").json == {"message": "page not found"}


def test_docker_prints_the_line(serve, docker):
    dogger = serve("""local docker = require "dogger.docker"
return docker.engine {
  ["GET /containers/json"] = function(req)
    local c
    return { json = { docker.container { name = c.name } } }
  end,
}""")
    ps = docker(dogger)("ps")
    assert (ps.returncode, ps.stdout) == (1, b"")
    assert ps.stderr == b"Error response from daemon: handler.lua:5: attempt to index a nil value (local 'c')\n"


def test_docker_prints_an_error_of_the_script_s_own(serve, docker):
    dogger = serve("""local docker = require "dogger.docker"
return docker.engine { ["GET /containers/json"] = function(req) return docker.error(403, "not for you") end }""")
    ps = docker(dogger)("ps")
    assert (ps.returncode, ps.stderr) == (1, b"Error response from daemon: not for you\n")


def test_docker_prints_what_an_engine_does_not_know(serve, docker):
    dogger = serve("""local docker = require "dogger.docker" return docker.engine { ["GET /x"] = function() end }""")
    ps = docker(dogger)("ps")
    assert (ps.returncode, ps.stderr) == (1, b"Error response from daemon: page not found\n")


def test_one_request_can_t_poison_the_next(failing):
    """Tries, with errors caught, all that would outlive the request."""
    dogger = failing("""
        for _, f in ipairs { function() string.format = nil end, function() table.concat = 1 end, function() _G.print = nil end,
          function() getmetatable("").__index = {} end, function() rawset(_G, "print", 1) end, function() json = 1 end,
          function() require("dogger").sleep = nil end, function() require("dogger.json").encode = nil end,
          function() require("dogger.docker").engine = nil end, function() setmetatable(_G, {}) end,
          function() setmetatable(string, {}) end, function() rawset(require("dogger.docker"), "engine", 1) end,
          function() debug.setmetatable("", {}) end, function() table.insert(table, 1) end, function() req.headers.host = nil end,
        } do
          local ok, message = pcall(f)
          if ok then print("this went through: " .. _) end
        end
        return ("%s"):format(table.concat { "still", " ", "here" })""")
    for _ in range(2):
        assert dogger.get("/fail").text == "still here"
    through = [line for line in dogger.lines if "went through" in line]
    # A request's headers may be changed: that is its own.
    assert [line for line in through if not line.endswith("15")] == []


def test_print_and_log_go_to_the_log_with_their_place(failing):
    dogger = failing("print('one', 2, nil, true) require('dogger').log('two') return 'x'")
    dogger.get("/fail")
    dogger.wait(r"handler\.lua:3: one\t2\tnil\ttrue$")
    dogger.wait(r"handler\.lua:3: two$")


def test_an_error_while_others_wait(serve):
    dogger = serve("""local dogger = require "dogger"
        return { ["GET /slow"] = function(req) return { body = function(out) out:write("begun") out:write(req.body) end } end,
                 ["GET /fail"] = function(req) error("now") end }""")
    with dogger.connect() as connection:
        connection.begin("GET", "/slow", [("Content-Length", "5")])
        connection.read_head()
        connection.read_chunk()
        for _ in range(10):
            assert dogger.get("/fail").status == 500
        connection.send("ended")
        assert connection.read_chunk() == b"ended"


def test_a_long_path_is_told_whole(serve, directory, write):
    """Lua itself cuts names of more than 59 bytes."""
    folder = "a folder with a name that is rather long/and one more that is no shorter than that"
    write("return {\n  fail = function() local t = nil return t.x end,\n}", f"{folder}/lib/broken.lua")
    write("return (", f"{folder}/lib/syntax.lua")
    write("""local broken = require "lib.broken"
        local long = function() error("by error") end
        return function(req)
          if req.path == "/module" then return broken.fail() end
          if req.path == "/error" then long() end
          if req.path == "/syntax" then require "lib.syntax" end
          if req.path == "/file" then return select(2, pcall(require("dogger").read_file, "none")) end
          if req.path == "/loop" then while true do end end
          print("logged")
          return { status = "no" }
        end""", f"{folder}/handler.lua")
    dogger = serve([f"{folder}/handler.lua"], "--script-timeout", "50ms")
    def message(path):
        return dogger.get(path).json["message"]
    assert message("/module") == f"{folder}/lib/broken.lua:2: attempt to index a nil value (local 't')"
    dogger.wait(rf"^\s+{folder}/lib/broken\.lua:2: in function")
    assert message("/error") == f"{folder}/handler.lua:2: by error"
    assert message("/syntax").startswith(f"{folder}/lib/syntax.lua:1: unexpected symbol")
    assert message("/loop") == f"{folder}/handler.lua:8: stopped after 0.05 s of CPU"
    assert dogger.get("/file").text.startswith(f"{folder}/handler.lua:7: ")
    assert message("/").startswith(f"{folder}/handler.lua:3: ")
    dogger.wait(rf"^{folder}/handler\.lua:9: logged")
