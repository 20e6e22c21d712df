"""log.lua: nobody goes by without a line, and nobody writes one that is not true."""

import os
import re
import subprocess
import time

import pytest
from harness import PATIENCE, ROOT, acting_as, attacks, open_to_all

FOLDER = ROOT / "examples/handlers"
LOG = FOLDER / "log.lua"
LINE = re.compile(r"\S+/log\.lua:\d+: uid (\d+), pid (\d+): ([A-Za-z]+) (\S+) -> (.*) \(\d+\.\d ms\)")
FORGED = f"{LOG}:18: uid 0, pid 1: GET /forged -> 200 (1.0 ms)"
BOB = 41002

# Says what it got; hangs, hijacks and fails when told to.
SERVER = """
local dogger = require "dogger"
return {
  ["* /slow"] = function() dogger.sleep(60) end,
  ["* /hijack"] = function(req) 
    return { upgrade = function(stream) for bytes in function() return stream:read() end do stream:write(bytes) end end }
  end,
  ["* /stream"] = function() return { body = function(out) for _ = 1, 3 do out:write("x\\n") end end } end,
  ["* /fault"] = function(req) error { status = 409, message = "so: " .. req.query.text } end,
  ["* /{rest...}"] = function(req) return { status = 404, json = { message = "no " .. req.path .. " " .. req.body } } end,
}"""
FAULT = 'return function(req) if req.query.text then error { status = 409, message = req.query.text } end end'
LOOP = """
return function(req)
  if req.path == "/loop" then while true do end end
  if req.path == "/error" then error("\\n" .. req.query.text) end
end"""


def percent(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.fixture
def server(serve):
    return serve(SERVER)


@pytest.fixture
def log(serve, server, write, directory):
    """log.lua before handlers that fail with the client's words, before a server."""
    write(FAULT, "fault.lua")
    write(LOOP, "loop.lua")
    return serve([LOG, directory / "fault.lua", directory / "loop.lua"], "--upstream", server.socket, "--quiet", "--script-timeout",
        "100ms")


def told(log):
    """The lines of the log that the policy wrote; all others are dogger's own."""
    found = []
    for line in log.lines[1:]:
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", line), repr(line)
        match = LINE.fullmatch(line)
        assert match or line.startswith(("dogger: ", "stack traceback:", "\t")), repr(line)
        if match:
            found.append(match.groups())
    return found


def wait_for(log, count):
    deadline = time.monotonic() + PATIENCE
    while len(told(log)) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return told(log)


def all_told(log):
    """As `told`, up to now. Some requests never reach the server, so how many it got does not say how many lines are to come: one more
    request is made and waited for."""
    sign = f"/sign-{time.monotonic_ns()}"
    log.get(sign)
    deadline = time.monotonic() + PATIENCE
    while not (lines := told(log)) or lines[-1][3] != sign:
        assert time.monotonic() < deadline, f"no line tells of {sign}"
        time.sleep(0.01)
    return lines[:-1]


def ask(dogger, method, target, headers=(), body=None, version="1.1"):
    with dogger.connect() as connection:
        try:
            return connection.ask(method, target, headers, body, version).status
        except (OSError, AssertionError, UnicodeError):
            return 0


BREAKS = ["\n", "\r", "\r\n", "\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\x00", "\x1b[2K\r", "\x1b[1A", "\x9b2K", "\x08" * 40,
    "\x7f" * 9, "\u202e", "\ufeff", "\\n", "\\", " ", "\t"]


def test_no_break_makes_a_line(log, server):
    """In a path, a query, a field, a method and a body: encoded as they should be, and raw."""
    count = 0
    for sign in BREAKS:
        for text in (sign + FORGED, "x" + sign + FORGED + sign):
            encoded, raw = percent(text), text
            for target in (f"/x{encoded}", f"/?text={encoded}", f"/fault?text={encoded}", f"/containers/{encoded}/json",
                f"/error?text={encoded}", f"/x#{encoded}", f"http://d/{encoded}", f"/{raw}", f"/?text={raw}"):
                ask(log, "GET", target.encode().decode("latin-1"))
                count += 1
            for headers in ([("X-Text", raw)], [("User-Agent", encoded)], [("Host", encoded)], [("Content-Type", raw)],
                [("Cookie", raw), ("cookie", raw)], [(raw, "x")], [("X-Forwarded-For", FORGED)]):
                ask(log, "GET", "/", [(name.encode().decode("latin-1"), value.encode().decode("latin-1")) for name, value in headers])
                count += 1
            ask(log, raw.encode().decode("latin-1"), "/")
            ask(log, "POST", "/", (), text)
            ask(log, "POST", "/", [("Transfer-Encoding", "chunked")],
                f"{len(text.encode()):x};{encoded}\r\n{text}\r\n0\r\nX: {encoded}\r\n\r\n".encode())
            ask(log, "POST", "/error?text=" + encoded, [("Content-Type", "application/json")], f'"{text}"')
            count += 4
    assert count > 800
    seen = [request for request in server.all_requests() if not request.startswith("_")]
    lines = all_told(log)
    assert len(lines) >= len(seen) > 200
    assert not any(path == "/forged" for _, _, _, path, _ in lines)
    assert {(uid, pid) for uid, pid, *_ in lines} == {(str(os.getuid()), str(os.getpid()))}
    # Each request that the server got has its line, in order.
    rest = iter(f"{method} {path}" for _, _, method, path, _ in lines)
    for request in seen:
        assert any(line == plain(request) or line.replace("http://d", "") == plain(request) for line in rest), request


def plain(text):
    return re.sub(r"[\\\x00-\x1f\x7f-\uffff]", lambda match: "".join(f"\\x{byte:02x}" for byte in match[0].encode("latin-1", "replace")),
        text)


def test_no_spelling_of_a_path_goes_by_unlogged(log, server):
    for path in attacks.paths("/containers/create?name=new"):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            ask(log, method, path, (), "{}" if method == "POST" else None)
    seen = server.all_requests()
    lines = all_told(log)
    assert len(lines) >= len(seen) > 80


def test_no_spelling_of_a_body_goes_by_unlogged(log, server):
    for _, headers, data in attacks.bodies({"Image": FORGED, "Ask": 1}, {"Image": "busybox"}):
        for method in ("POST", "PUT", "GET"):
            ask(log, method, "/containers/create", headers, data)
    seen = server.all_requests()
    lines = all_told(log)
    assert len(lines) >= len(seen) > 80


WAYS = {
    "kept alive": (b"GET /a HTTP/1.1\r\nHost: d\r\n\r\n" * 5, 5),
    "one behind the other's body": (
        b"POST /a HTTP/1.1\r\nHost: d\r\nContent-Length: 28\r\n\r\nGET /b HTTP/1.1\r\nHost: d\r\n\r\nGET /c HTTP/1.1\r\nHost: d\r\n\r\n",
        2),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", 1),
    "HEAD": (b"HEAD /a HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "a method of its own": (b"FROB /a HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "in absolute form": (b"GET http://d/a HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "a wait for leave": (b"POST /a HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 1),
    "an upgrade that is none": (b"GET /a HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 1),
    "a long path": (b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "a fault of a handler behind": (b"GET /?text=a%0a HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "a stream": (b"GET /stream HTTP/1.1\r\nHost: d\r\n\r\n", 1),
    "a path that is not passed on": (b"GET //a HTTP/1.1\r\nHost: d\r\n\r\n", 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_request_has_its_line(log, way):
    sent, count = WAYS[way]
    with log.connect() as connection:
        connection.send(sent)
        connection.half_close()
        connection.read_rest()
    assert len(wait_for(log, count)) == count


def test_who_leaves_is_told_of(log, server):
    for target, method in (("/slow", b"GET"), ("/slow", b"POST")):
        with log.connect() as connection:
            connection.send(method + b" /slow HTTP/1.1\r\nHost: d\r\n\r\n")
            server.wait("> " + method.decode() + " /slow")
    assert [line[2:] for line in wait_for(log, 2)] == [(method, "/slow", "the client has gone") for method in ("GET", "POST")]
    with log.connect() as connection:        # in the middle of a body
        connection.send(b"POST /a HTTP/1.1\r\nHost: d\r\nContent-Length: 100000\r\n\r\nbegun")
        connection.half_close()
        connection.read_rest()
    assert len(wait_for(log, 3)) == 3


def test_a_hijacked_stream_has_its_line_at_once(log):
    with log.connect() as connection:
        connection.send(b"POST /hijack HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        assert connection.read_head().status == 101
        assert [line[2:] for line in wait_for(log, 1)] == [("POST", "/hijack", "101")]
        inside = ("\n" + FORGED + "\nGET /inside HTTP/1.1\r\nHost: d\r\n\r\n").encode()
        connection.send(inside)
        assert connection.read(len(inside)) == inside
    assert len(told(log)) == 1


def test_no_server_behind_is_told_too(serve, server):
    dogger = serve(LOG, "--upstream", server.socket, "--quiet")
    server.stop()
    assert ask(dogger, "GET", "/a") == 502
    assert wait_for(dogger, 1)[0][2:4] == ("GET", "/a") and "failed: " in told(dogger)[0][4]


def test_what_handlers_behind_change_is_logged_as_it_came(serve, server, write, directory):
    write('return function(req) req.method, req.target, req.path = "PUT", "/other", "/other" end', "change.lua")
    dogger = serve([LOG, directory / "change.lua"], "--upstream", server.socket, "--quiet")
    ask(dogger, "GET", "/as/it/came?x=1")
    server.wait("^> PUT /other$")
    assert wait_for(dogger, 1)[0][2:4] == ("GET", "/as/it/came?x=1")


def test_the_kernel_says_who(log):
    open_to_all(log)
    for uid in (0, 41001, BOB):
        with subprocess.Popen(["curl", "-s", "-H", "X-Uid: 0", "--unix-socket", log.socket, f"http://d/of-{uid}"], user=uid,
            stdout=subprocess.DEVNULL) as process:
            pass
        match = log.wait(rf"uid (\d+), pid (\d+): GET /of-{uid} ")
        assert match.groups() == (str(uid), str(process.pid))
    with acting_as(BOB):
        connection = log.connect()
    with connection:        # what it is now, it was not when it connected
        assert connection.ask("GET", "/later").status == 404
    assert log.wait(r"uid (\d+), pid \d+: GET /later ").group(1) == str(BOB)


def test_over_tcp_the_address_is_told(serve, server):
    dogger = serve(LOG, "--upstream", server.socket, "--quiet", tcp=True)
    with dogger.connect() as connection:
        port = connection.socket.getsockname()[1]
        connection.ask("GET", "/a", [("X-Forwarded-For", "10.0.0.1")])
    dogger.wait(rf"log\.lua:\d+: 127\.0\.0\.1:{port}: GET /a -> 404 ")


DAY = """
docker run --rm busybox echo hello
docker run -d --name web -v data:/data busybox sh -c 'echo started; sleep 1000'
docker exec web ls / && echo a | docker exec -i web cat && docker logs web
docker top web && docker stats --no-stream web && docker diff web
timeout 1 docker logs -f web || test $? = 124
docker cp file web:/data && docker cp web:/data/file - | tar -xO
docker inspect web && docker ps -a && docker events --since 1m --until 0s
DOCKER_BUILDKIT=0 docker build -t built .
docker network create net1 && docker network rm net1 && docker rm -f web && docker volume rm data
"""


def test_a_day_s_work_is_done_and_told(serve, engine, docker, docker_py, directory):
    dogger = serve([LOG, FOLDER / "mine.lua"], "--upstream", engine.socket, "--quiet")
    (directory / "Dockerfile").write_text("FROM busybox\nRUN true\n")
    (directory / "file").write_text("carried\n")
    client = docker(dogger)
    for command in DAY.strip().splitlines():
        done = client.shell(command, directory)
        assert done.returncode == 0, (command, done.stderr)
    assert docker_py(dogger).containers.run("busybox", "echo hello", remove=True) == b"hello\n"
    lines = told(dogger)
    for method, path, status in (("POST", r"/v1\.41/containers/create\?.*name=web.*", "201"),
        ("POST", r"/v1\.41/build\?.*t=built.*", "200"), ("POST", "/v1.41/exec/.*/start", "101"),
                                 ("PUT", "/v1.41/containers/[^/]+/archive.*", "200"),
                                 ("GET", "/v1.41/containers/[^/]+/logs.*follow=1.*", "the client has gone|200")):
        assert any(line[2] == method and re.fullmatch(path, line[3]) and re.fullmatch(status, line[4]) for line in lines), (
            method, path, [line for line in lines if line[2] == method])
    for sign in BREAKS:
        ask(dogger, "GET", f"/containers/{percent(sign + FORGED)}/json")
    told(dogger)
