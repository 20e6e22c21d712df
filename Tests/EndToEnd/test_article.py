"""The article that dogger grew from, line by line, and the step that it stops before: docker lists what is not there."""

import json
import os
import stat
import subprocess

from harness import BINARY, PATIENCE


def curl(*arguments):
    result = subprocess.run(["curl", "-sS", *arguments], capture_output=True, timeout=PATIENCE)
    return result.returncode, result.stdout, result.stderr


def test_curl_gets_hello_world_over_a_unix_socket(serve, examples):
    dogger = serve(examples / "hello.lua")
    assert dogger.addresses == [f"unix://{dogger.socket}"]
    assert curl("--unix-socket", dogger.socket, "http://localhost") == (0, b"hello, world", b"")


def test_curl_gets_hello_world_over_tcp(serve, examples):
    dogger = serve(examples / "hello.lua", tcp=True)
    port = dogger.addresses[0].rsplit(":", 1)[1]
    assert curl(f"http://localhost:{port}") == (0, b"hello, world", b"")
    assert curl(f"http://127.0.0.1:{port}/any/path?at=all") == (0, b"hello, world", b"")


def test_a_unix_socket_and_tcp_at_once(directory, examples, serve):
    dogger = serve(examples / "hello.lua", "--listen", "127.0.0.1:0")
    dogger.addresses.clear()
    dogger.ready(listeners=2)
    tcp = next(address for address in dogger.addresses if address.startswith("tcp://"))
    assert curl(tcp.replace("tcp", "http")) == (0, b"hello, world", b"")
    assert dogger.get().body == b"hello, world"


def test_the_socket_is_for_its_owner_alone(serve, examples):
    dogger = serve(examples / "hello.lua")
    mode = os.stat(dogger.socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_a_docker_context_hijacks_docker(serve, examples, docker):
    dogger = serve(examples / "hello-docker.lua")
    docker = docker()
    created = docker("context", "create", "dogger", "--docker", f"host=unix://{dogger.socket}")
    assert created.returncode == 0, created.stderr
    assert docker("context", "use", "dogger").returncode == 0

    listed = docker("context", "ls", "--format", "{{.Current}} {{.Name}} {{.DockerEndpoint}}").stdout.decode()
    assert f"true dogger unix://{dogger.socket}" in listed.splitlines()

    ps = docker("ps")
    assert ps.returncode == 1
    assert b"invalid character 'h' looking for beginning of value" in ps.stderr
    dogger.wait(r"^> HEAD /_ping$")
    # Without an Api-Version header the client falls back to its oldest version.
    dogger.wait(r"^> GET /v1\.\d+/containers/json$")
    assert dogger.requests[0] == "HEAD /_ping"


def test_docker_over_tcp(serve, examples, docker):
    dogger = serve(examples / "ps.lua", tcp=True)
    assert docker()("-H", dogger.addresses[0], "ps", "--format", "{{.Names}}").stdout == b"web\n"


def test_a_request_s_body_is_in_the_log(serve):
    dogger = serve("return function(req) return 'thanks' end")
    dogger.post("/thing", '{"name": "web"}')
    dogger.wait(r'^  \{"name": "web"\}$')
    assert dogger.lines[-2:] == ["> POST /thing", '  {"name": "web"}']


def test_a_body_that_comes_after_its_head_is_in_the_log_as_well(serve):
    dogger = serve("return function(req) return #req.body .. ' bytes' end")
    with dogger.connect() as connection:
        connection.begin("POST", "/thing", [("Content-Length", "15"), ("Expect", "100-continue")])
        assert connection.read_head().status == 100
        connection.send('{"name": "web"}')
        assert connection.read_response().body == b"15 bytes"
    dogger.wait(r'^  \{"name": "web"\}$')


def test_a_long_body_is_told_by_its_size(serve):
    dogger = serve("return function(req) return #req.body .. ' bytes' end")
    dogger.post("/thing", "x" * 3000)
    dogger.wait(r"^  \(3000 bytes\)$")


def test_docker_sends_bodies_that_the_log_shows(serve, docker):
    dogger = serve("""
        local docker = require "dogger.docker"
        return docker.engine { ["POST /containers/create"] = function(req)
          return { status = 201, json = { Id = docker.id("x"), Warnings = require("dogger.json").array()  } }
        end }""")
    assert docker(dogger)("create", "--name", "fake", "alpine").returncode == 0
    dogger.wait(r'^  \{"Hostname":.*\}|^  \(\d+ bytes\)$')


def test_trace_adds_headers_and_bodies(serve):
    dogger = serve('return function(req) return { json = { reply = "yes" }, headers = { ["X-Answer"] = "42" } } end', "--trace")
    dogger.post("/thing", '{"name": "web"}', [("X-Question", "why")])
    dogger.wait(r"^> POST /thing")
    dogger.wait(r"X-Question: why")
    dogger.wait(r'\{"name": "web"\}')
    dogger.wait(r"200")
    dogger.wait(r"X-Answer: 42")
    dogger.wait(r'\{"reply":"yes"\}')


def test_quiet_logs_no_requests(serve):
    dogger = serve('return function(req) if req.path == "/bad" then error("told all the same") end return "x" end', "--quiet")
    dogger.get("/good")
    dogger.get("/bad")
    dogger.wait("told all the same")
    assert dogger.requests == []


def test_ps_lists_a_container_that_does_not_exist(serve, examples, docker):
    dogger = serve(examples / "ps.lua")
    docker = docker(dogger)
    ps = docker("ps", "--format", "{{.Names}}|{{.Image}}|{{.Ports}}|{{.Status}}|{{.State}}")
    assert (ps.returncode, ps.stdout, ps.stderr) == (0, b"web|nginx:latest|0.0.0.0:8080->80/tcp|Up About a minute|running\n", b"")
    table = docker("ps").stdout.decode().splitlines()
    assert table[0].split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert len(table) == 2 and table[1].endswith("   web") and "nginx -g 'daemon of" in table[1]
    one = json.loads(docker("ps", "--format", "{{json .}}").stdout)
    assert one["Names"] == "web" and len(one["ID"]) == 12
    dogger.wait(r"^> GET /v1\.\d+/containers/json$")


def test_the_first_command_of_all(examples, docker, directory):
    """README: scripts/dogger run examples/handlers/ps.lua -- docker ps"""
    environment = docker().environment
    result = subprocess.run(
        [BINARY, "run", examples / "ps.lua", "--", "docker", "ps", "--format", "{{.Names}}"], env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, cwd=directory)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"web\n", b"")
