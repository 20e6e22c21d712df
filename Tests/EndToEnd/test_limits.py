"""No client and no script takes more than its share: every limit, what is said at it, and that the server goes on."""

import concurrent.futures
import contextlib
import resource

import pytest
from harness import SANITIZER
from harness.processes import descriptors, held_memory, until, worker

HELLO = "return function(req) return 'hello' end"


# The head of a request

def test_a_head_of_64_kib_is_the_most(serve):
    dogger = serve(HELLO)
    fixed = len("GET / HTTP/1.1\r\nHost: d\r\nX: \r\n\r\n")
    with dogger.connect() as connection:
        assert connection.ask("GET", "/", [("X", "x" * (65536 - fixed))]).text == "hello"
        connection.begin("GET", "/", [("X", "x" * (65537 - fixed))])
        answer = connection.read_response()
        assert (answer.status, answer["Connection"]) == (431, "close") and answer.message
        assert connection.is_at_end()
    assert dogger.get().text == "hello"


def test_256_fields_are_the_most(serve):
    dogger = serve("return function(req) local n = 0 for _ in pairs(req.headers) do n = n + 1 end return tostring(n) end")
    with dogger.connect() as connection:
        assert connection.ask("GET", "/", [(f"X-{i}", "x") for i in range(255)]).text == "256"
        connection.begin("GET", "/", [(f"X-{i}", "x") for i in range(256)])
        assert connection.read_response().status == 431


def test_head_limit(serve):
    dogger = serve(HELLO, "--head-limit", "1KiB")
    assert dogger.get("/", [("X", "x" * 900)]).text == "hello"
    assert dogger.get("/", [("X", "x" * 1000)]).status == 431


def test_a_head_without_an_end_is_cut_off_at_the_limit(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: d\r\nX: " + b"x" * 70_000)
        assert connection.read_response().status == 431


def test_head_timeout(serve):
    dogger = serve(HELLO, "--head-timeout", "200ms")
    with dogger.connect() as silent, dogger.connect() as halfway:
        halfway.send("GET / HTTP/1.1\r\nHo")
        assert dogger.get().text == "hello"
        answer = halfway.read_response()
        assert (answer.status, answer["Connection"]) == (408, "close")
        assert halfway.is_at_end()
        assert silent.read_rest()[:12] in (b"", b"HTTP/1.1 408")
    assert dogger.get().text == "hello"


def test_a_head_that_trickles_has_the_same_deadline(serve):
    dogger = serve(HELLO, "--head-timeout", "300ms")
    with dogger.connect() as connection:
        connection.send("GET / HTTP/1.1\r\nHost: d\r\n")
        connection.socket.settimeout(0.02)
        data = b""
        try:
            while not data:
                connection.send("X: y\r\n")
                try:
                    data = connection.socket.recv(4096)
                    break
                except TimeoutError:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert data[:12] in (b"", b"HTTP/1.1 408")


def test_the_wait_between_two_requests_has_no_head_deadline(serve):
    dogger = serve(HELLO, "--head-timeout", "100ms")
    with dogger.connect() as connection, dogger.connect() as clock:
        assert connection.ask("GET", "/").text == "hello"
        clock.send("GET")
        assert clock.read_response().status == 408      # more than the deadline has passed
        assert connection.ask("GET", "/").text == "hello"


# The body

@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_body_limit(serve, framing):
    dogger = serve("""return { ["POST /whole"] = function(req) return tostring(#req.body) end,
        ["POST /stream"] = function(req) local n = 0 for c in req:chunks() do n = n + #c end return tostring(n) end }""",
        "--body-limit", "100KiB")

    def post(target, size):
        with dogger.connect() as connection:
            if framing == "length":
                connection.begin("POST", target, [("Content-Length", str(size))])
            else:
                connection.begin("POST", target, [("Transfer-Encoding", "chunked")])
            try:
                if framing == "length":
                    connection.send(b"x" * size)
                else:
                    for start in range(0, size, 10_000):
                        connection.chunk(b"x" * min(10_000, size - start))
                    connection.chunk(b"")
            except (BrokenPipeError, ConnectionResetError):
                pass        # refused before all of it was sent
            return connection.read_response()

    assert post("/whole", 102_400).text == "102400"
    answer = post("/whole", 102_401)
    assert answer.status == 413 and "--body-limit" in answer.message and "102400 bytes" in answer.message
    assert post("/stream", 1_000_000).text == "1000000"
    assert post("/whole", 5).text == "5"


def test_a_body_of_64_mib_is_the_most(serve):
    dogger = serve("return function(req) return tostring(#req.body) end")
    with dogger.connect() as connection:
        assert connection.ask("POST", "/", body=b"x" * (64 << 20)).text == str(64 << 20)
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Content-Length", str((64 << 20) + 1))])
        assert connection.read_response().status == 413


def test_streaming_in_has_no_limit_and_flat_memory(serve):
    dogger = serve("return function(req) local n = 0 for c in req:chunks() do n = n + #c end return tostring(n) end")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Transfer-Encoding", "chunked")])
        for _ in range(200):
            connection.chunk(b"x" * (1 << 20))
        connection.chunk(b"")
        assert connection.read_response().text == str(200 << 20)
    # With a sanitizer most of the memory is its own.
    assert SANITIZER or memory(dogger) < 64 << 20


def memory(dogger):
    """The most memory that the worker ever had, in bytes."""
    with open(f"/proc/{worker(dogger)}/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))


# Scripts

LOOPS = {
    "plain": "while true do end",
    "pcall": "while true do pcall(function() while true do end end) end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "metamethod": "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
    "close": "local x <close> = setmetatable({}, { __close = function() while true do end end })",
    "gsub": "return ('x'):gsub('x', function() while true do end end)",
    "sort": "table.sort({ 1, 2, 3 }, function() while true do end end)",
    "xpcall": "xpcall(error, function() while true do end end)",
    "recursion": "local function f() return f() end f()",
    "tostring": "return tostring(setmetatable({}, { __tostring = function() while true do end end }))",
}


@pytest.mark.parametrize("kind", LOOPS)
def test_script_timeout(serve, kind):
    dogger = serve(f"""return {{ ["GET /good"] = function(req) return "fine" end,
["GET /loop"] = function(req)
{LOOPS[kind]}
end }}""", "--script-timeout", "100ms")
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/loop")
        assert answer.status == 503, answer
        assert answer.message.startswith("handler.lua:3: stopped after 0.1 s of CPU"), answer.message
        assert connection.ask("GET", "/good").text == "fine"
    dogger.wait("stopped after 0.1 s")


def test_a_loop_after_an_error_is_stopped_too(serve):
    dogger = serve("""return { ["GET /good"] = function(req) return "fine" end,
        ["GET /loop"] = function(req)
          local x <close> = setmetatable({}, { __close = function() while true do end end })
          error("the first fault")
        end }""", "--script-timeout", "100ms")
    answer = dogger.get("/loop")
    assert answer.status in (500, 503) and answer.message, answer
    assert dogger.get("/good").text == "fine"


def test_waiting_costs_no_script_time(serve):
    dogger = serve("""local dogger = require "dogger"
        return function(req) for i = 1, 4 do dogger.sleep(0.05) end return "slept" end""", "--script-timeout", "100ms")
    assert dogger.get().text == "slept"


def test_each_wait_begins_a_new_time(serve):
    dogger = serve("""local dogger = require "dogger"
        return function(req)
          for i = 1, 4 do
            local start = os.clock()
            while os.clock() - start < 0.08 do end
            dogger.sleep(0)
          end
          return "worked"
        end""", "--script-timeout", "200ms")
    assert dogger.get().text == "worked"


def test_an_endless_loop_in_a_stream_ends_the_connection(serve):
    dogger = serve("return function(req) return { body = function(out) out:write('part') while true do end end } end",
        "--script-timeout", "100ms")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        connection.read_head()
        assert not connection.read_rest().endswith(b"0\r\n\r\n")
    dogger.wait("stopped after 0.1 s")


BOMBS = {
    "string": "local s = 'x' while true do s = s .. s end",
    "table": "local t = {} while true do t[#t + 1] = { 1, 2, 3, 4 } end",
    "rep": "return ('x'):rep(1 << 30)",
    "upvalues": "local f for i = 1, 1e9 do local g = f f = function() return g end end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "format": "return ('%99.99f'):rep(1 << 26):format(1)",
    "kept": "kept[#kept + 1] = ('x'):rep(1 << 20) .. #kept while true do kept[#kept + 1] = ('x'):rep(1 << 20) .. #kept end",
}


@pytest.mark.parametrize("kind", [kind for kind in BOMBS if kind != "kept"])
def test_memory_limit(serve, kind):
    dogger = serve(f"""return {{ ["GET /good"] = function(req) return "fine" end,
["GET /bomb"] = function(req)
{BOMBS[kind]}
end }}""", "--memory-limit", "32MiB", "--script-timeout", "20s")
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/bomb")
        assert answer.status in (500, 503), answer
        if answer.status == 503:
            assert "handler.lua" in answer.message and "32 MiB" in answer.message, answer.message
        assert connection.ask("GET", "/good").text == "fine"
    assert SANITIZER or memory(dogger) < 128 << 20


SLOW = """local same = ("x"):rep(4 << 20)
return {
  ["GET /string"] = function(req) return ("y"):rep(1 << 20) end,
  ["GET /same"] = function(req) return same end,
  ["GET /stream"] = function(req) return { body = function(out) for i = 1, 1000 do out:write(("z"):rep(8192)) end end } end,
  ["GET /json"] = function(req)
    local list = {}
    for i = 1, 10000 do list[i] = { Id = ("a"):rep(64), Names = { "b" .. i } } end
    return { json = list }
  end,
  ["POST /up"] = function(req) return tostring(#req.body) end,
  ["GET /"] = function(req) return "hello" end,
}"""


@pytest.mark.parametrize("kind", ["string", "same", "stream", "json", "up"])
def test_the_memory_of_clients_that_read_nothing_goes_with_them(serve, kind):
    dogger = serve(SLOW, "--script-timeout", "20s")
    assert dogger.get("/").text == "hello"
    before = held_memory(worker(dogger))
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            connection = clients.enter_context(dogger.connect())
            if kind == "up":
                connection.begin("POST", "/up", [("Content-Length", str(2 << 20))])
                connection.send(b"x" * (1 << 20))
            else:
                connection.begin("GET", f"/{kind}")
        until(lambda: held_memory(worker(dogger)) > before + (30 << 20), "the worker holds what they do not read")
        assert dogger.get("/").text == "hello"
    until(lambda: held_memory(worker(dogger)) < before + (16 << 20), "the memory is back")
    assert dogger.get("/").text == "hello"


def test_what_a_script_keeps_counts_and_a_reload_frees_it(serve, write):
    text = f"""local kept = {{}}
return {{ ["GET /good"] = function(req) return "fine" end,
["GET /bomb"] = function(req)
{BOMBS["kept"]}
end }}"""
    dogger = serve(text, "--memory-limit", "32MiB", "--script-timeout", "20s")
    assert dogger.get("/bomb").status == 503
    write(text + "\n-- saved")
    assert dogger.get("/good").text == "fine"


def test_many_hungry_requests_at_once(serve):
    """The waiting ones hold what they have; those that find nothing left are refused, and all of it comes back."""
    dogger = serve("""local dogger = require "dogger"
        return { ["GET /good"] = function(req) return "fine" end,
          ["GET /hungry"] = function(req) local s = ("x"):rep(5 << 20) dogger.sleep(0.2) return tostring(#s) end }""",
        "--memory-limit", "32MiB")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: dogger.get("/hungry"), range(16)))
    assert {answer.status for answer in answers} == {200, 503}, answers
    assert dogger.get("/good").text == "fine"
    assert dogger.get("/hungry").status == 200


def test_json_depth_limit(serve):
    dogger = serve("""local json = require "dogger.json"
        return function(req) local t = {} for i = 1, tonumber(req.query.depth) - 1 do t = { t } end return { json = t } end""")
    assert dogger.get("/?depth=1000").status == 200
    answer = dogger.get("/?depth=1001")
    assert answer.status == 500 and "1000" in answer.message


# Descriptors

def test_more_connections_than_descriptors(serve):
    """At the limit new connections wait; those that are there are served; and room is used as soon as there is any."""
    dogger = serve(HELLO, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    connections = [dogger.connect() for _ in range(60)]
    for connection in connections:
        connection.begin("GET", "/")
    assert connections[0].read_response().text == "hello"
    assert connections[0].ask("GET", "/again").text == "hello"
    for connection in connections[:30]:
        connection.socket.close()
    for connection in connections[30:]:
        assert connection.read_response().text == "hello"
        connection.socket.close()
    assert dogger.get().text == "hello"
    assert dogger.is_running


def test_clients_leave_descriptors_for_the_upstream_and_for_saves(serve, write, directory):
    """However many come: those who are in are answered, and a save is loaded."""
    engine = serve(HELLO)
    write("return function(req) return nil end", "pass.lua")
    dogger = serve(directory / "pass.lua", "--upstream", engine.socket, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    connections = [dogger.connect() for _ in range(80)]
    for connection in connections:
        connection.begin("GET", "/")
    for connection in connections[:20]:
        assert connection.read_response().text == "hello"
    for connection in connections[:20]:
        connection.begin("GET", "/")
    for connection in connections[:20]:
        assert connection.read_response().text == "hello"
    write("return function(req) return 'saved' end", "pass.lua")
    dogger.wait("reloaded")
    assert connections[0].ask("GET", "/").text == "saved"
    for connection in connections[:20]:
        connection.socket.close()
    for connection in connections[20:]:
        assert connection.read_response().text in ("hello", "saved")
        connection.socket.close()


def test_no_descriptor_is_lost(serve):
    def count():
        return len(descriptors(worker(dogger)))

    dogger = serve("""return { ["GET /"] = function(req) return "x" end, ["GET /fail"] = function(req) error("x") end,
        ["POST /up"] = function(req) return { upgrade = function(s) s:read() end } end }""")
    dogger.get("/")
    with dogger.connect() as witness:
        witness.ask("GET", "/")
        before = count()
        for _ in range(50):
            dogger.get("/fail")
            with dogger.connect() as connection:
                connection.send("GET / HT")
            with dogger.connect() as connection:
                connection.begin("POST", "/up", [("Connection", "Upgrade"), ("Upgrade", "tcp")])
                connection.read_head()
                connection.half_close()
                connection.read_rest()
        witness.ask("GET", "/")
        until(lambda: count() <= before, "the worker has let go of all connections")
