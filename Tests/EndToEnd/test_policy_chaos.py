"""chaos.lua: its faults come as they are set, are HTTP up to where they break off, and leave dogger and the engine whole."""

import re

import pytest
from harness import ROOT
from harness.processes import worker

POLICY = (ROOT / "examples/handlers/chaos.lua").read_text()
MESSAGES = {500: "out of luck", 503: "the engine is too busy", 409: "somebody else was faster"}

SERVER = """
local dogger = require "dogger"
local body = ("0123456789"):rep(30000)
return {
  ["* /text"] = function() return "text" end,
  ["* /json"] = function() return { json = { a = { 1, 2, 3 } } } end,
  ["* /empty"] = function() return "" end,
  ["* /204"] = function() return { status = 204 } end,
  ["* /304"] = function() return { status = 304 } end,
  ["* /404"] = function() return { status = 404, json = { message = "no such thing" } } end,
  ["* /large"] = function() return body end,
  ["* /chunks"] = function() return { body = function(out) for i = 1, 50 do out:write(("%d\\n"):format(i):rep(i)) end end } end,
  ["* /slow"] = function() return { body = function(out) for i = 1, 4 do out:write(i, "\\n") dogger.sleep(0.01) end end } end,
  ["* /headers"] = function() return { headers = { ["X-A"] = { "1", "2" }, ["Content-Type"] = "text/x" }, body = "with headers" } end,
  ["* /echo"] = function(req) return { body = req.body } end,
  ["POST /hijack"] = function() 
    return { upgrade = function(stream) for bytes in function() return stream:read() end do stream:write(bytes) end end }
  end,
}"""
PATHS = ["/text", "/json", "/empty", "/204", "/304", "/404", "/large", "/chunks", "/slow", "/headers", "/echo"]
ASKS = [(method, path, headers, body, version)
        for path in PATHS
        for method, headers, body, version in (
            ("GET", [], None, "1.1"), ("HEAD", [], None, "1.1"), ("GET", [], None, "1.0"), ("POST", [], "x" * 10, "1.1"),
            ("POST", [], "x" * 200000, "1.1"),
            ("POST", [("Transfer-Encoding", "chunked")], b"3\r\nabc\r\n0\r\n\r\n", "1.1"),
            ("PUT", [("Expect", "100-continue")], "x", "1.1"),
            ("DELETE", [("Connection", "close")], None, "1.1"), ("GET", [("Connection", "Upgrade"), ("Upgrade", "tcp")], None, "1.1"),
            ("GET", [("Accept-Encoding", "gzip")], None, "1.1"))]


@pytest.fixture
def chaos(serve, write):
    """chaos(server, late=, fail=, ...) is the policy with its settings changed, as one does in an editor."""
    made = []

    def start(server, late=0, seconds=2, fail=0, cut=0, seed=None):
        text = POLICY
        for pattern, value in ((r"LATE, SECONDS = \S+ \S+", f"LATE, SECONDS = {late}, {seconds}"), (r"FAIL = \S+", f"FAIL = {fail}"),
            (r"CUT = \S+", f"CUT = {cut}"),
                               (r"SEED = \S+", f"SEED = {seed or 'nil'}")):
            text, count = re.subn(rf"^local {pattern}", f"local {value}", text, flags=re.MULTILINE)
            assert count == 1
        name = f"chaos{len(made)}.lua"
        made.append(name)
        return serve(write(text, name), "--upstream", server.socket)

    return start


@pytest.fixture
def server(serve):
    return serve(SERVER)


def whole(dogger, method, path, headers=(), body=None, version="1.1"):
    """The answer, and whether it came whole. What is no HTTP makes the test fail."""
    with dogger.connect() as connection:
        try:
            connection.begin(method, path, headers, body, version)
        except (BrokenPipeError, ConnectionResetError):
            pass                                            # answered before it was read
        head = connection.read_head()
        while head.status == 100:
            head = connection.read_head()
        assert head["Date"] and not (head["Content-Length"] and head["Transfer-Encoding"])
        if method == "HEAD" or head.status in (204, 304):
            return head, True
        chunked, length = head["Transfer-Encoding"] == "chunked", head["Content-Length"]
        try:
            if chunked:
                while chunk := connection.read_chunk():
                    head.body += chunk
            elif length is not None:
                head.body = connection.read(int(length))
            else:
                assert version == "1.0" or head.status == 101 or head["Connection"] == "close"
                head.body = connection.read_rest()
        except AssertionError as error:                     # the end came early
            assert str(error).startswith("the end, after"), error
            return head, False
        except ConnectionResetError:
            return head, False
        return head, True


def is_well(dogger, process):
    """It serves, is the one that began, and has met no fault of its own."""
    assert worker(dogger) == process
    for line in dogger.lines:
        assert not re.search(r"attempt to|stack traceback|\.lua:\d+|ended|crash", line) or "serving" in line or "reloaded" in line, line


def test_without_faults_all_is_as_it_is(chaos, server):
    dogger = chaos(server)
    process = worker(dogger)
    for ask in ASKS:
        (a, _), (b, is_whole) = whole(server, *ask), whole(dogger, *ask)
        assert is_whole and (a.status, a.body, a["Content-Type"], a["X-A"]) == (b.status, b.body, b["Content-Type"], b["X-A"]), ask
    assert len(ASKS) >= 100
    is_well(dogger, process)


def test_all_fail(chaos, server):
    dogger = chaos(server, fail=1)
    process = worker(dogger)
    seen = set()
    for ask in ASKS:
        answer, is_whole = whole(dogger, *ask)
        assert is_whole and answer.status in MESSAGES, (ask, answer)
        if ask[0] != "HEAD":
            assert answer.message == MESSAGES[answer.status] and answer["Content-Type"] == "application/json"
        seen.add(answer.status)
    assert seen == set(MESSAGES) and server.all_requests() == []
    with dogger.connect() as connection:                    # one connection goes on through all of them
        for _ in range(20):
            assert connection.ask("GET", "/text").status in MESSAGES
            assert connection.ask("POST", "/text", (), "body").status in MESSAGES
    is_well(dogger, process)


def test_all_are_late_and_whole(chaos, server):
    dogger = chaos(server, late=1, seconds=0.02)
    process = worker(dogger)
    for ask in ASKS:
        (a, _), (b, is_whole) = whole(server, *ask), whole(dogger, *ask)
        assert is_whole and (a.status, a.body) == (b.status, b.body), ask
    is_well(dogger, process)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_break_off(chaos, server, seed):
    dogger = chaos(server, cut=1, seed=seed)
    process = worker(dogger)
    some = 0
    for ask in ASKS:
        (a, _), (b, is_whole) = whole(server, *ask), whole(dogger, *ask)
        assert a.status == b.status and a.body.startswith(b.body), ask
        has_body = ask[0] != "HEAD" and a.status not in (204, 304)
        assert is_whole is not has_body or ask[4] == "1.0", (ask, b)      # HTTP/1.0 can't tell, without a length
        some += 0 < len(b.body) < len(a.body)
    assert some > 20
    is_well(dogger, process)


@pytest.mark.parametrize("seed", range(1, 9))
def test_hijacked_streams_break_off(chaos, server, seed):
    dogger = chaos(server, cut=1, seed=seed)
    process = worker(dogger)
    for _ in range(4):
        with dogger.connect() as connection:
            connection.send(b"POST /hijack HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            assert connection.read_head().status == 101
            echoed = b""
            try:
                for number in range(1000):
                    connection.send(b"line %d\n" % number)
                    data = connection.socket.recv(1000)
                    if not data:
                        break
                    echoed += data
                else:
                    pytest.fail("the stream went on")
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert b"".join(b"line %d\n" % number for number in range(1000)).startswith(echoed)
    is_well(dogger, process)


def outcomes(dogger, count):
    made = []
    for _ in range(count):
        answer, is_whole = whole(dogger, "GET", "/large")
        made.append((answer.status, is_whole))
    return made


def test_a_seed_makes_the_same_faults_again(chaos, server):
    first, again, other = (outcomes(chaos(server, fail=0.3, cut=0.3, seed=seed), 60) for seed in (7, 7, 8))
    assert [status for status, _ in first] == [status for status, _ in again] and first == again
    assert first != other and {(200, True), (200, False)} < set(first)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_a_share(chaos, server, share):
    made = outcomes(chaos(server, fail=share, seed=5), 300)
    assert abs(sum(status != 200 for status, _ in made) / 300 - share) < 0.1


def test_many_at_once_break_nothing(chaos, server):
    from concurrent.futures import ThreadPoolExecutor
    dogger = chaos(server, late=0.3, seconds=0.05, fail=0.3, cut=0.3)
    process = worker(dogger)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda ask: whole(dogger, *ask), ASKS * 4))
    is_well(dogger, process)


DAY = """
docker run --rm busybox echo hello
docker run -d --name web -v data:/data busybox sh -c 'echo started; sleep 1000'
docker exec web ls / && echo a | docker exec -i web cat && docker logs web
docker top web && docker stats --no-stream web && docker diff web
timeout 1 docker logs -f web || test $? = 124
docker cp file web:/data && docker cp web:/data/file - | tar -xO
docker inspect web && docker ps -a && docker events --since 1m --until 0s
DOCKER_BUILDKIT=0 docker build -t built . && docker rmi built
docker network create net1 && docker network rm net1 && docker rm -f web && docker volume rm data
"""


def test_a_day_s_work_is_done_where_no_fault_is_set(chaos, engine, docker, docker_py, directory):
    dogger = chaos(engine, late=0.5, seconds=0.01)
    (directory / "Dockerfile").write_text("FROM busybox\nRUN true\n")
    (directory / "file").write_text("carried\n")
    for command in DAY.strip().splitlines():
        done = docker(dogger).shell(command, directory)
        assert done.returncode == 0, (command, done.stderr)
    assert docker_py(dogger).containers.run("busybox", "echo hello", remove=True) == b"hello\n"


def test_an_engine_comes_through_its_bad_days(chaos, engine, docker, directory):
    """What breaks off breaks off for the client alone."""
    assert engine.ask("POST", "/containers/create?name=web",
        {"Image": "busybox", "Cmd": ["sh", "-c", "yes | head -c 300000; sleep 1000"]}).status == 201
    assert engine.ask("POST", "/containers/web/start").status == 204
    for settings in ({"cut": 1, "seed": 3}, {"fail": 1}, {"late": 0.2, "seconds": 0.02, "fail": 0.2, "cut": 0.4, "seed": 9}):
        dogger = chaos(engine, **settings)
        process = worker(dogger)
        for command in ("docker ps", "docker logs web", "docker exec web echo a", "echo a | docker exec -i web cat", "docker inspect web",
            "docker cp web:/bin/busybox - | wc -c",
                        "docker events --since 1m --until 0s", "docker run --name x busybox true", "docker rm -f x",
                        "docker save busybox | wc -c"):
            done = docker(dogger).shell(command, directory)
            if settings.get("cut") == 1 and "wc" not in command and "logs" not in command and "events" not in command:
                assert done.returncode != 0 or done.stderr, (command, done)
        is_well(dogger, process)
        engine.ask("DELETE", "/containers/x?force=1")
    assert engine.ask("GET", "/containers/web/json").json["State"]["Running"]
