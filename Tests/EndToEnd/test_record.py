"""`dogger record`: what goes by comes out as a handler that replays it, and as an HTTP Archive; and nobody notices."""

import base64
import datetime
import json
import os
import re
import signal
import socket
import stat
import threading

import pytest
from harness import PATIENCE, Dogger, finish


@pytest.fixture
def record(directory):
    """record(upstream, *options) starts `dogger record`, which writes tape.lua in the test's directory."""
    running = []

    def start(upstream, *options):
        path = directory / f"record{len(running)}.sock"
        dogger = Dogger(["record", "-o", "tape.lua", "--upstream", upstream, "--socket", path, *options], directory, path)
        running.append(dogger)
        dogger.wait(r"^dogger: recording \S+ on \S+$")
        return dogger

    yield start
    for dogger in running:
        dogger.stop()


@pytest.fixture
def tape(directory):
    """The text of the tape, as far as it is written."""
    return lambda: (directory / "tape.lua").read_text()


def serve_socket(directory, answer):
    """An upstream that is bare: every connection is given to `answer`, in a thread of its own."""
    path = directory / "bare.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return path


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    return data


def checked(directory, path="tape.lua"):
    result = finish("check", path, cwd=directory)
    assert result.returncode == 0, result.stderr


# Docker's client, recorded and replayed

DAY = [
    (["version"], b""),
    (["ps", "-a"], b""),
    (["images"], b""),
    (["run", "--rm", "busybox", "echo", "hello", "world"], b""),
    (["run", "-i", "busybox", "cat"], b"from standard input\nand more\n"),
    (["run", "busybox", "both"], b""),
    (["run", "-d", "--name", "web", "busybox", "sleep"], b""),
    (["ps"], b""),
    (["exec", "web", "echo", "in exec"], b""),
    (["exec", "-i", "web", "cat"], b"piped\n"),
    (["exec", "web", "both"], b""),
    (["logs", "web"], b""),
    (["logs", "-f", "web"], b""),
    (["inspect", "web"], b""),
    (["inspect", "nobody"], b""),
    (["pull", "busybox"], b""),
    (["pull", "nosuch"], b""),
    (["events", "--until", "1500000010"], b""),
    (["cp", "web:/file", "-"], b""),
    (["rm", "-f", "web"], b""),
    (["ps", "-a"], b""),
    (["inspect", "web"], b""),
]


def run_all(docker, day):
    results = []
    for arguments, given in day:
        result = docker(*arguments, input=given)
        results.append((arguments, result.returncode, result.stdout, result.stderr))
    return results


def test_docker_s_client_prints_the_same_from_a_tape(serve, record, handlers, docker, directory, tape):
    recorder = record(serve(handlers / "tape_engine.lua").socket)
    recorded = run_all(docker(recorder), DAY)
    # What is compared below is worth comparing.
    outcomes = {" ".join(arguments): (status, out, err) for arguments, status, out, err in recorded}
    assert outcomes["run --rm busybox echo hello world"] == (0, b"hello world\n", b"")
    assert outcomes["run -i busybox cat"] == (0, b"from standard input\nand more\n", b"")
    assert outcomes["run busybox both"][0] == 3 and outcomes["run busybox both"][2] == b"to stderr\n"
    assert outcomes["exec web both"][0] == 3
    assert outcomes["exec -i web cat"] == (0, b"piped\n", b"")
    assert len(outcomes["cp web:/file -"][1]) == 1536
    assert outcomes["pull nosuch"][0] == 1
    recorder.stop()
    checked(directory)
    replayed = run_all(docker(serve(directory / "tape.lua")), DAY)
    for one, other in zip(recorded, replayed):
        assert one == other


def test_a_tape_plays_without_its_pauses(serve, record, handlers, docker, directory, write, tape):
    recorder = record(serve(handlers / "tape_engine.lua").socket)
    day = [(["run", "busybox", "both"], b""), (["pull", "busybox"], b"")]
    recorded = run_all(docker(recorder), day)
    recorder.stop()
    assert "tape.pause(" in tape()
    text = tape().replace("local SPEED = 1\n", "local SPEED = math.huge\n")
    assert text != tape()
    assert run_all(docker(serve(text)), day) == recorded


def test_a_terminal_s_stream_is_replayed_raw(serve, record, handlers, directory, tape):
    recorder = record(serve(handlers / "tape_engine.lua").socket)

    def session(dogger):
        made = dogger.post("/v1.50/containers/create", json.dumps({"Image": "busybox", "Cmd": ["cat"], "Tty": True}))
        identifier = made.json["Id"]
        with dogger.connect() as stream:
            stream.begin("POST", f"/v1.50/containers/{identifier}/attach?stream=1", [("Connection", "Upgrade"), ("Upgrade", "tcp")], "")
            assert stream.read_head().status == 101
            assert dogger.post(f"/v1.50/containers/{identifier}/start", "").status == 204
            stream.send("typed\n")
            assert stream.read(7) == b"typed\r\n"
            stream.half_close()
            return stream.read_rest()

    assert session(recorder) == b""
    recorder.stop()
    assert 'stream:write("typed\\r\\n")' in tape() and '-- the client sends "typed\\n"' in tape()
    assert session(serve(directory / "tape.lua")) == b""


def test_docker_py_gets_the_same_from_a_tape(serve, record, handlers, docker_py, directory):
    recorder = record(serve(handlers / "tape_engine.lua").socket)

    def session(dogger):
        client = docker_py(dogger)
        container = client.containers.run("busybox", ["echo", "hello"], detach=True)
        return container.id, container.logs(), client.containers.get(container.id).attrs, client.version()

    recorded = session(recorder)
    recorder.stop()
    assert session(serve(directory / "tape.lua")) == recorded


def test_a_real_engine_s_day_prints_the_same_from_a_tape(engine, serve, record, docker, directory):
    day = [
        (["version"], b""),
        (["info", "--format", "{{.ServerVersion}} {{.Driver}} {{.NCPU}}"], b""),
        (["images", "--format", "{{.ID}} {{.Repository}} {{.Size}}"], b""),
        (["run", "--rm", "busybox", "echo", "hello"], b""),
        (["run", "--rm", "-i", "busybox", "cat"], b"piped in\n"),
        (["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 5"], b""),
        (["run", "-d", "--name", "web", "busybox", "sh", "-c", "echo one; sleep 0.5; echo two; sleep 1"], b""),
        (["exec", "web", "sh", "-c", "echo in exec; exit 4"], b""),
        (["exec", "-i", "web", "tr", "a-c", "x-z"], b"abc\n"),
        (["logs", "-f", "web"], b""),
        (["wait", "web"], b""),
        (["logs", "web"], b""),
        (["inspect", "web"], b""),
        (["inspect", "busybox"], b""),
        (["cp", "web:/etc/passwd", "-"], b""),
        (["ps", "-a", "--format", "{{.ID}} {{.Image}} {{.Names}} {{.Command}}"], b""),
        (["rm", "-f", "web"], b""),
        (["ps", "-a"], b""),
        (["inspect", "web"], b""),
        (["volume", "create", "data"], b""),
        (["volume", "inspect", "data"], b""),
        (["network", "ls", "--format", "{{.Name}} {{.Driver}}"], b""),
        (["events", "--since", "1", "--until", "2"], b""),
    ]
    recorder = record(engine.socket)
    recorded = run_all(docker(recorder), day)
    assert [status for _, status, _, _ in recorded] == [0, 0, 0, 0, 0, 5, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    recorder.stop()
    checked(directory)
    for one, other in zip(recorded, run_all(docker(serve(directory / "tape.lua")), day)):
        assert one == other


# What is on a tape

TRICKY = [
    '{"b":1,"a":2,"c":{"z":null,"y":[],"x":{}}}',
    '[1,-1,0,9223372036854775807,-9223372036854775808,18446744073709551616,-0.0,1.5,1e300,5e-324]',
    '[[],{},[{}],[[]],null,[null],true,false]',
    '{"and":1,"a b":2,"1":3,"":4,"_ok":5}',
    json.dumps({"s": "quotes ' \" and \\ and \n\r\t\0\x7f", "u": "é 漢 😀 \u202e \ufeff"}, ensure_ascii=False, separators=(",", ":"))
    .replace("\x7f", "\x7f"),
    '{"b":{"x":1,"w":2},"a":{"w":3,"x":4}}',
    json.dumps({"list": [[i] * 60 for i in range(3)]}, separators=(",", ":")),
    '{"z":"' + "long " * 100 + '"}',
    '"text"',
    "12",
]


@pytest.mark.parametrize("document", TRICKY)
def test_a_json_document_comes_back_the_same(serve, record, directory, write, document):
    path = write(document, "document.json")
    upstream = serve("""local dogger = require "dogger"
return function() return { headers = { ["Content-Type"] = "application/json" }, body = dogger.read_file("document.json") } end""")
    recorder = record(upstream.socket)
    assert recorder.get("/thing").body.decode() == path.read_text()
    recorder.stop()
    replayed = serve(directory / "tape.lua").get("/thing")
    assert replayed["Content-Type"] == "application/json"
    # Byte for byte, but for the line feed that JSON may end with.
    assert replayed.text.rstrip("\n") == document


def test_the_order_of_one_document_is_not_another_s(serve, record, directory, write):
    """docker inspect prints the names as they come."""
    documents = ['{"Name":1,"Data":2,"Id":3}', '{"Data":1,"Name":2}', '{"Data":1,"Id":2,"Name":3,"Zone":4}']
    write("return { %s }" % ", ".join(f"[==[{document}]==]" for document in documents), "documents.lua")
    recorder = record(serve("""local documents = require "documents"
return function(req)
  return { headers = { ["Content-Type"] = "application/json" }, body = documents[tonumber(req.path:match("%d+"))] }
end""").socket)
    for number in 1, 2, 3:
        recorder.get(f"/{number}")
    recorder.stop()
    replay = serve(directory / "tape.lua")
    assert [replay.get(f"/{number}").text.rstrip("\n") for number in (1, 2, 3)] == documents


def test_equal_names_are_kept_as_text(serve, record, directory, tape):
    upstream = serve("""return function() return { headers = { ["Content-Type"] = "application/json" }, body = '{"a":1,"a":2}' } end""")
    recorder = record(upstream.socket)
    recorder.get("/thing")
    recorder.stop()
    assert """body = '{"a":1,"a":2}'""" in tape()
    assert serve(directory / "tape.lua").get("/thing").text == '{"a":1,"a":2}'


def test_the_text_of_a_tape(serve, record, directory, tape):
    # As text: the order of names in what Lua encodes is another one each time.
    upstream = serve("""local JSON = { ["Api-Version"] = "1.44", ["Content-Type"] = "application/json" }
return {
  ["GET /v1.44/containers/json"] = function() return { headers = JSON, body = '[{"Id":"4c01db0b339c","State":"running"}]' } end,
  ["POST /v1.44/containers/create"] = function() return { status = 201, headers = { ["Api-Version"] = "1.44" }, json = { Id = "4c01db0b339c" } } end,
  ["DELETE /v1.44/containers/web"] = function() return { status = 204, headers = { ["Api-Version"] = "1.44" } } end,
}""")
    recorder = record(upstream.socket)
    recorder.get("/v1.44/containers/json")
    recorder.post("/v1.44/containers/create?name=web", '{"Image":"busybox","Tty":false,"Cmd":["echo","it\'s"],"Env":null}')
    recorder.request("DELETE", "/v1.44/containers/web")
    recorder.stop()
    text = tape()
    first, _, rest = text.partition("\n\n")
    assert re.match(r"-- Recorded by dogger \S+ on \d{4}-\d\d-\d\d at \d\d:\d\d:\d\d UTC, in front of unix:///\S+$", first.splitlines()[0])
    assert all(line.startswith("--") for line in first.splitlines())
    assert "dogger run tape.lua" in first
    assert rest == '''local docker = require "dogger.docker"

-- How fast the tape plays: 10 is ten times as fast as it was recorded, math.huge leaves all pauses out.
local SPEED = 1

local tape = require("dogger.tape").open { speed = SPEED, headers = { ["Api-Version"] = "1.44" } }

return docker.api {

  ["GET /containers/json"] = tape.play { json = { { Id = "4c01db0b339c", State = "running" } } },

  ["POST /containers/create"] = tape.play {
    -- asked with {"Image":"busybox","Cmd":["echo","it's"]}
    status = 201,
    json = { Id = "4c01db0b339c" },
  },

  ["DELETE /containers/web"] = tape.play { status = 204 },

  -- Whatever was not recorded. Without this line it goes on to the next handler or the upstream.
  ["* /{path...}"] = tape.missing,
}
'''


def test_answers_come_in_their_order_and_the_last_again_and_again(serve, record, directory, tape):
    upstream = serve("local n = 0 return function(req) n = n + 1 return req.query.which and 'all' .. n or 'plain' .. (n < 5 and n or 5) end")
    recorder = record(upstream.socket)
    targets = ["/list", "/list?which=all", "/list", "/list?which=all", "/list", "/list"]
    recorded = [recorder.get(target).text for target in targets]
    assert recorded == ["plain1", "all2", "plain3", "all4", "plain5", "plain5"]
    recorder.stop()
    replay = serve(directory / "tape.lua")
    assert [replay.get(target).text for target in targets] == recorded
    assert [replay.get(target).text for target in ["/list", "/list?which=all", "/list"]] == ["plain5", "all4", "plain5"]
    other = replay.get("/list?which=none")
    assert other.status == 404 and "/list?which=none" in other.message
    nothing = replay.get("/else")
    assert nothing.status == 404 and nothing.message == "the tape has no answer to GET /else"


def test_one_query_is_as_good_as_another_where_only_one_was_recorded(serve, record, directory):
    recorder = record(serve("return function(req) return 'since ' .. req.query.since end").socket)
    recorder.get("/logs?since=100")
    recorder.stop()
    assert serve(directory / "tape.lua").get("/logs?since=200").text == "since 100"


def test_times_of_now_may_be_others(serve, record, directory):
    """`docker logs --since 1h` asks each time for another second, and beside it `docker logs -f` was recorded."""
    recorder = record(serve("return function(req) return req.target end").socket)
    targets = ["/logs?follow=1&tail=all", "/logs?since=100&tail=all", "/logs?since=100&until=200&tail=5"]
    for target in targets:
        assert recorder.get(target).text == target
    recorder.stop()
    replay = serve(directory / "tape.lua")
    later = ["/logs?follow=1&tail=all", "/logs?since=300&tail=all", "/logs?since=300&until=400&tail=5"]
    assert [replay.get(target).text for target in targets + later] == targets * 2
    for target in "/logs?since=300&tail=5", "/logs?since=300&follow=1", "/logs?until=300&tail=all":
        assert replay.get(target).status == 404


def test_equal_answers_in_a_row_are_one(serve, record, directory, tape):
    recorder = record(serve("local n = 0 return function() n = n + 1 return n <= 4 and 'waiting' or 'ready' end").socket)
    recorded = [recorder.get("/state").text for _ in range(6)]
    recorder.stop()
    assert "times = 4" in tape() and tape().count("waiting") == 1 and tape().count("ready") == 1
    replay = serve(directory / "tape.lua")
    assert [replay.get("/state").text for _ in range(6)] == recorded


def test_bodies_of_any_bytes_and_headers_that_matter(serve, record, directory, tape):
    upstream = serve("""return {
  ["GET /binary"] = function() local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end
    return { headers = { ["Content-Type"] = "application/x-tar", ["X-Many"] = { "one", "two" }, ["X-Odd"] = 'a "b" \\\\ c' }, body = table.concat(t):rep(5) } end,
  ["GET /text"] = function() return "line one\\n  line two, indented\\n\\nline four\\ttabbed " .. ("long "):rep(40) end,
  ["GET /empty"] = function() return { status = 200 } end,
  ["GET /gone"] = function() return { status = 301, headers = { Location = "/text" }, body = "" } end,
}""")
    recorder = record(upstream.socket)
    paths = ["/binary", "/text", "/empty", "/gone"]
    recorded = [recorder.get(path) for path in paths]
    recorder.stop()
    assert tape().isascii() and max(map(len, tape().splitlines())) < 160
    replay = serve(directory / "tape.lua")
    for path, before in zip(paths, recorded):
        after = replay.get(path)
        assert (after.status, after.body) == (before.status, before.body)
        strip = lambda headers: sorted((name, value) for name, value in headers if name not in ("Date", "Content-Length"))
        assert strip(after.headers) == strip(before.headers)


def test_paths_that_a_route_can_not_say_are_remarks(serve, record, directory, tape):
    recorder = record(serve("return function() return 'x' end").socket)
    assert recorder.get("/a%7Bb").text == "x"
    assert recorder.get("/a%20b").text == "x"
    recorder.stop()
    assert '"GET /a{b: a route can\'t say this path"' in tape()
    assert serve(directory / "tape.lua").get("/a%20b").text == "x"


def test_what_ends_a_comment_or_hides_text_is_escaped(serve, record, directory, tape):
    recorder = record(serve("return function() return '\\u{202e}\\u{200b}' end").socket)
    recorder.post("/x", '{"a":"]]\\n--\u202e"}')
    recorder.post("/y", "line\nerror('never')\n")
    recorder.stop()
    assert "\u202e" not in tape() and "\u200b" not in tape()
    assert '-- asked with "line\\nerror(\'never\')\\n"' in tape()
    assert serve(directory / "tape.lua").post("/x", "").text == "\u202e\u200b"


# Streams

def test_a_stream_keeps_its_pauses(serve, record, directory, tape):
    upstream = serve("""local dogger = require "dogger"
return function() return function() end and { headers = { ["Content-Type"] = "text/plain; charset=utf-8" }, body = function(out)
  out:write("one\\n") dogger.sleep(0.3) out:write("two\\n") dogger.sleep(0.2) out:write("three\\n") end } end""")
    recorder = record(upstream.socket)
    assert recorder.get("/stream").chunks == [b"one\n", b"two\n", b"three\n"]
    recorder.stop()
    pauses = [float(value) for value in re.findall(r"tape\.pause\(([\d.]+)\)", tape())]
    assert len(pauses) == 2 and 0.28 <= pauses[0] and 0.18 <= pauses[1]
    assert serve(directory / "tape.lua").get("/stream").chunks == [b"one\n", b"two\n", b"three\n"]


def test_an_answer_that_was_waited_for_is_waited_for_again(serve, record, directory, tape):
    upstream = serve("""local dogger = require "dogger"
return {
  ["POST /wait"] = function() return { headers = { ["Content-Type"] = "application/json" }, body = function(out) dogger.sleep(0.25) out:write('{"StatusCode":0}') end } end,
  ["POST /stop"] = function() dogger.sleep(0.25) return { status = 204 } end,
}""")
    recorder = record(upstream.socket)
    recorder.post("/wait", "")
    recorder.post("/stop", "")
    recorder.stop()
    assert re.search(r"body_after = 0\.[2-9]\d*,\n    json = \{ StatusCode = 0 \},", tape())
    assert re.search(r"after = 0\.[2-9]\d*, status = 204|after = 0\.[2-9]\d*,\n    status = 204", tape())
    replay = serve(directory / "tape.lua")
    with replay.connect() as connection:
        # The head is there before the body.
        assert connection.begin("POST", "/wait", body="").read_head().status == 200
        assert connection.read_chunk() == b'{"StatusCode":0}\n'


def test_a_stream_that_the_client_left_is_held_open(serve, record, handlers, directory, tape):
    recorder = record(serve(handlers / "tape_engine.lua").socket)

    def watch(dogger):
        with dogger.connect() as connection:
            connection.begin("GET", "/v1.50/events")
            assert connection.read_head().status == 200
            return [json.loads(connection.read_chunk())["Action"] for _ in range(3)]

    assert watch(recorder) == ["create", "start", "die"]
    recorder.stop()
    assert "tape.hold()" in tape() and 'out:write(tape.line {' in tape()
    assert watch(serve(directory / "tape.lua")) == ["create", "start", "die"]


def test_each_side_s_half_close_is_kept(serve, record, directory, tape):
    def answer(connection):
        if read_head(connection) is None:
            return
        connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nbye")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        connection.close()

    recorder = record(serve_socket(directory, answer))

    def session(dogger):
        with dogger.connect() as stream:
            stream.begin("POST", "/x", [("Connection", "Upgrade"), ("Upgrade", "tcp")])
            assert stream.read_head().status == 101
            assert stream.read_rest() == b"bye"
            stream.send("late").half_close()

    session(recorder)
    recorder.stop()
    assert 'stream:write("bye")\n      stream:close()\n      -- the client sends "late"\n      tape.drain(stream)\n' in tape()
    session(serve(directory / "tape.lua"))


def test_an_upstream_that_breaks_off_breaks_off_again(serve, record, directory, tape):
    def answer(connection):
        while read_head(connection) is not None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            connection.close()
            return

    recorder = record(serve_socket(directory, answer))

    def ask(dogger):
        with dogger.connect() as connection:
            connection.begin("GET", "/x").read_head()
            assert connection.read_chunk() == b"half"
            return connection.read_rest()

    assert ask(recorder) == b""
    recorder.stop()
    assert "the stream broke off here" in tape()
    replay = serve(directory / "tape.lua")
    assert ask(replay) == b""
    replay.wait("the stream broke off here")


def test_an_upstream_that_is_not_there_is_a_remark(record, directory, tape):
    recorder = record(directory / "nobody.sock")
    answer = recorder.get("/info")
    assert answer.status == 502 and "nobody.sock" in answer.message
    recorder.stop()
    assert "-- Not on the tape:" in tape() and "GET /info: no answer" in tape()
    checked(directory)


# Nobody notices

def test_large_bodies_go_by_and_are_left_out_with_flat_memory(record, directory, tape):
    size = 100 << 20
    piece = os.urandom(1 << 20)

    def answer(connection):
        while (head := read_head(connection)) is not None:
            if head.startswith(b"POST"):
                left = size - len(head.split(b"\r\n\r\n", 1)[1])
                while left:
                    left -= len(connection.recv(min(left, 1 << 20)))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nloaded")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size >> 20):
                    connection.sendall(piece)

    recorder = record(serve_socket(directory, answer), "--har", "tape.har")
    peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{recorder.process.pid}/status").read()).group(1)) << 10
    with recorder.connect() as connection:
        for _ in range(2):
            connection.begin("GET", "/images/get")
            assert connection.read_head()["Content-Length"] == str(size)
            left = size
            while left:
                left -= len(connection.read(min(left, 1 << 20)))
        connection.begin("POST", "/images/load", [("Content-Length", str(size))])
        for _ in range(size >> 20):
            connection.send(piece)
        assert connection.read_response().body == b"loaded"
    recorder.stop() if peak() < 64 << 20 else pytest.fail(f"{peak() >> 20} MiB of memory")
    assert "104857600 bytes of application/x-tar" in tape() and len(tape()) < 4096
    assert "-- asked with 104857600 bytes" in tape()
    entries = json.loads((directory / "tape.har").read_text())["log"]["entries"]
    assert entries[0]["response"]["content"]["size"] == size and "text" not in entries[0]["response"]["content"]
    checked(directory)


def test_a_body_that_is_left_out_is_told_at_the_replay(serve, record, directory, tape):
    recorder = record(serve("return function() return { headers = { ['Content-Type'] = 'application/x-tar' }, body = ('\\0'):rep(5000) } end").socket,
        "--body-limit", "1000")
    assert len(recorder.get("/save").body) == 5000
    recorder.stop()
    answer = serve(directory / "tape.lua").get("/save")
    assert answer.status == 501 and "5000 bytes of application/x-tar" in answer.message


def test_long_bodies_leave_room_for_the_other_exchanges(serve, record, directory, tape):
    """Each byte takes four in the tape, which has room for 40 MiB of long bodies."""
    upstream = serve("""return function(req)
      local mib = tonumber(req.path:match("/(%d+)"))
      if not mib then return "small" end
      return { headers = { ["Content-Type"] = "application/x-tar" }, body = ("\\255"):rep(mib << 20) }
    end""")
    recorder = record(upstream.socket, "--body-limit", "64MiB", "--har", "tape.har")
    for path, length in (("/12", 12 << 20), ("/first", 5), ("/5", 5 << 20), ("/6", 6 << 20), ("/then", 5)):
        assert len(recorder.get(path).body) == length
    recorder.stop()
    assert 20 << 20 < len(tape()) < 24 << 20 and "full" not in tape()
    player = serve(directory / "tape.lua")
    for path in ("/12", "/6"):
        answer = player.get(path)
        assert answer.status == 501 and answer.message.endswith(
            f"left out of the tape: {int(path[1:]) << 20} bytes of application/x-tar, for which the tape has no room")
    assert player.get("/5").body == b"\xff" * (5 << 20)
    assert [player.get(path).body for path in ("/first", "/then")] == [b"small"] * 2
    entries = json.loads((directory / "tape.har").read_text())["log"]["entries"]
    assert ["text" in entry["response"]["content"] for entry in entries] == [True] * 5


def test_the_client_sees_what_the_upstream_sends(serve, record):
    upstream = serve("return function(req) return { status = 203, headers = { ['X-A'] = { '1', '2' }, ['Content-Type'] = 'a/b' }, body = req.body:rep(2) } end")
    recorder = record(upstream.socket)
    direct, recorded = (server.post("/x?y=%20z", "body") for server in (upstream, recorder))
    # Date is the only field that may differ.
    strip = lambda answer: [field for field in answer.headers if field[0] != "Date"]
    assert (direct.status, direct.reason, sorted(strip(direct)), direct.body) == (recorded.status, recorded.reason, sorted(strip(recorded)), recorded.body)
    assert direct["Content-Length"] == "8"


# Secrets

def test_credentials_are_in_no_file(serve, record, handlers, docker, directory, tape):
    recorder = record(serve(handlers / "tape_engine.lua").socket, "--har", "tape.har")
    secrets = ["registry-auth-value", "registry-config-value", "authorization-value", "cookie-value", "hunter2", "identity-of-ann", "worker-token"]
    recorder.request("POST", "/v1.50/images/create?fromImage=busybox", [("X-Registry-Auth", secrets[0]), ("x-registry-config", secrets[1]),
        ("Authorization", "Bearer " + secrets[2]), ("Cookie", secrets[3])], "")
    recorder.post("/v1.50/auth", json.dumps({"username": "ann", "password": "hunter2", "serveraddress": "registry.example"}))
    recorder.post("/v1.50/swarm/join", json.dumps({"JoinToken": "worker-token", "RemoteAddrs": ["x"]}))
    login = docker(recorder)("login", "-u", "ann", "--password-stdin", "registry.example", input=b"hunter2")
    assert login.returncode == 0, login.stderr
    recorder.stop()
    for path in directory.iterdir():
        if path.is_file():
            text = path.read_text()
            for secret in secrets:
                assert secret not in text, f"{secret} in {path.name}"
                assert base64.b64encode(secret.encode()).decode()[:-4] not in text
    assert "credentials, which are left out" in tape() and "Login Succeeded" in tape()
    assert docker(serve(directory / "tape.lua"))("login", "-u", "ann", "--password-stdin", "registry.example", input=b"hunter2").returncode == 0


def test_a_command_s_options_are_not_on_the_tape(serve, handlers, directory, tape):
    upstream = serve(handlers / "tape_engine.lua")
    result = finish("record", "-o", "tape.lua", "--upstream", upstream.socket, "--", "true", "login", "-p", "hunter2", cwd=directory)
    assert result.returncode == 0, result.stderr
    assert "hunter2" not in tape() and ": true login ..." in tape()


# The files

def test_the_tape_is_whole_after_each_exchange(serve, record, directory, tape):
    recorder = record(serve("return function(req) return req.path end").socket)
    recorder.get("/first")
    recorder.get("/second")
    # Written right after the exchange, which the client may be told of a moment before.
    deadline = threading.Event()
    for _ in range(PATIENCE * 100):
        if '"/second"' in tape():
            break
        deadline.wait(0.01)
    text = tape()
    recorder.process.kill()
    recorder.process.wait()
    assert '"/first"' in text and '"/second"' in text
    checked(directory)
    assert [path.name for path in directory.iterdir() if path.name.startswith("tape.lua.")] == []
    recorder.join()
    os.unlink(recorder.socket)


def test_what_is_under_way_at_the_end_is_on_the_tape(serve, record, directory, tape):
    upstream = serve("""local dogger = require "dogger"
return function() return { body = function(out) out:write("begun\\n") while true do dogger.sleep(3600) end end } end""", "--grace", "0.1")
    recorder = record(upstream.socket, "--grace", "0.1")
    with recorder.connect() as connection:
        connection.begin("GET", "/stream").read_head()
        assert connection.read_chunk() == b"begun\n"
        recorder.stop()
    assert 'out:write("begun\\n")\n      tape.hold()' in tape()


def test_only_tapes_are_overwritten(serve, record, directory, write, tape):
    upstream = serve("return function() return 'x' end", )
    for _ in range(2):
        recorder = record(upstream.socket)
        recorder.get("/x")
        recorder.stop()
    assert stat.S_IMODE(os.stat(directory / "tape.lua").st_mode) == 0o600
    (directory / "tape.lua").chmod(0o644)
    recorder = record(upstream.socket)
    recorder.stop()
    assert stat.S_IMODE(os.stat(directory / "tape.lua").st_mode) == 0o644
    write("return function() end", "mine.lua")
    result = finish("record", "-o", "mine.lua", "--upstream", upstream.socket, "--", "true", cwd=directory)
    assert result.returncode == 1 and "mine.lua is there already and was not recorded by dogger" in result.stderr
    assert (directory / "mine.lua").read_text() == "return function() end"
    result = finish("record", "-o", "no/such/tape.lua", "--upstream", upstream.socket, "--", "true", cwd=directory)
    assert result.returncode == 1 and "no/such/tape.lua: No such file or directory" in result.stderr
    result = finish("record", "-o", directory, "--upstream", upstream.socket, "--", "true")
    assert result.returncode == 1 and "is not a regular file" in result.stderr


def test_a_command_is_recorded_and_its_status_is_dogger_s(serve, handlers, docker, directory, tape):
    upstream = serve(handlers / "tape_engine.lua")
    environment = docker().environment
    command = ["docker", "run", "--rm", "busybox", "both"]
    result = finish("record", "-o", "tape.lua", "--upstream", upstream.socket, "--", *command, cwd=directory, env=environment, text=False)
    assert result.returncode == 3
    assert b"dogger: recorded 5 exchanges in tape.lua" in result.stderr
    replay = finish("run", "tape.lua", "--", *command, cwd=directory, env=environment, text=False)
    assert (replay.returncode, replay.stdout) == (3, result.stdout) and replay.stderr == b"to stderr\n"
    assert ": docker run ..." in tape().splitlines()[0]
    missing = finish("record", "-o", "tape.lua", "--upstream", upstream.socket, "--", "/no/such/command", cwd=directory)
    assert missing.returncode == 127 and "/no/such/command" in missing.stderr


def test_wrong_uses_are_told(directory):
    assert finish("record", "--upstream", "/x", cwd=directory).returncode == 2
    result = finish("record", "-o", "tape.lua", "--upstream", "what?", cwd=directory)
    assert result.returncode == 2 and "--upstream" in result.stderr
    result = finish("record", "-o", "tape.lua", "--upstream", "./own.sock", "--socket", "own.sock", cwd=directory)
    assert result.returncode == 1 and "in a circle" in result.stderr
    for files in ["-o", "tape.lua", "--har", "tape.lua"], ["-o", "-"], ["-o", "tape.lua", "--har", "-"]:
        result = finish("record", *files, "--upstream", "/x", cwd=directory)
        assert result.returncode == 2 and ("the same file" in result.stderr or "standard output" in result.stderr)
    assert not (directory / "-").exists()


# HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/

def fields(value, required, optional=()):
    """The fields of an object are those of the specification; ones of one's own would begin with an underscore."""
    assert isinstance(value, dict)
    assert set(required) <= set(value) <= set(required) | set(optional) | {"comment"}, sorted(value)
    return value


def check_pairs(pairs):
    for pair in pairs:
        fields(pair, ["name", "value"])
        assert isinstance(pair["name"], str) and isinstance(pair["value"], str)


def check_archive(archive):
    log = fields(fields(archive, ["log"])["log"], ["version", "creator", "entries"], ["browser", "pages"])
    assert log["version"] == "1.2"
    fields(log["creator"], ["name", "version"])
    for entry in log["entries"]:
        fields(entry, ["startedDateTime", "time", "request", "response", "cache", "timings"], ["pageref", "serverIPAddress", "connection"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["startedDateTime"])
        datetime.datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))
        timings = fields(entry["timings"], ["send", "wait", "receive"], ["blocked", "dns", "connect", "ssl"])
        assert all(timings[name] >= 0 for name in ("send", "wait", "receive"))
        assert entry["time"] == pytest.approx(sum(timings[name] for name in ("send", "wait", "receive")))
        assert entry["cache"] == {}
        request = fields(entry["request"],
            ["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"], ["postData"])
        assert re.match(r"http://[^/]+/", request["url"])
        check_pairs(request["headers"])
        check_pairs(request["queryString"])
        if "postData" in request:
            fields(request["postData"], ["mimeType", "params", "text"])
        response = fields(entry["response"],
            ["status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"])
        check_pairs(response["headers"])
        content = fields(response["content"], ["size", "mimeType"], ["compression", "text", "encoding"])
        if "text" in content:
            data = base64.b64decode(content["text"], validate=True) if content.get("encoding") == "base64" else content["text"].encode()
            assert len(data) == content["size"]
        for number in (request["headersSize"], request["bodySize"], response["headersSize"], response["bodySize"], response["status"]):
            assert isinstance(number, int)
    return log["entries"]


@pytest.fixture
def read_archive():
    """read_archive(text) reads an archive with another tool, which refuses values of a wrong type, and names and values that are missing."""
    model = pytest.importorskip("marshmallow_har.model")
    return lambda text: model.HAR.__schema__().load(json.loads(text)).log


def test_another_tool_reads_the_archive(serve, record, handlers, docker, directory, read_archive):
    recorder = record(serve(handlers / "tape_engine.lua").socket, "--har", "day.har")
    run_all(docker(recorder), DAY)
    with recorder.connect() as connection:
        connection.begin("POST", "/half", [("Content-Length", "9")], "half").half_close()
        assert connection.read_response().status == 400
    recorder.post("/odd?a=%C3%A9&b&a=", bytes(range(256)), [("Content-Type", "a/b"), ("X-Odd", "\xff")])
    recorder.stop()
    text = (directory / "day.har").read_text()
    log = read_archive(text)
    entries = json.loads(text)["log"]["entries"]
    assert len(entries) > 60
    read = [(entry.request.method, entry.request.url, entry.response.status, entry.response.content.text) for entry in log.entries]
    assert read == [(entry["request"]["method"], entry["request"]["url"], entry["response"]["status"],
                     entry["response"]["content"].get("text", "")) for entry in entries]
    # It would have noticed.
    for right, wrong in [('"status":200', '"status":"x"'), ('"startedDateTime":"2', '"startedDateTime":"x2'), ('"name":', '"nam":')]:
        with pytest.raises(Exception, match="Not a valid|Missing data"):
            read_archive(text.replace(right, wrong, 1))


def test_the_archive_is_as_its_specification_says(serve, record, handlers, docker, directory):
    recorder = record(serve(handlers / "tape_engine.lua").socket, "--har", "day.har")
    run_all(docker(recorder), DAY)
    recorder.stop()
    entries = check_archive(json.loads((directory / "day.har").read_text()))
    by_path = {}
    for entry in entries:
        by_path.setdefault(re.sub(r"^http://[^/]+(/v[\d.]+)?|\?.*", "", entry["request"]["url"]), entry)
    assert by_path["/_ping"]["request"]["method"] == "HEAD"
    create = by_path["/containers/create"]
    assert json.loads(create["request"]["postData"]["text"])["Image"] == "busybox" and create["response"]["status"] == 201
    tar = by_path["/containers/web/archive"]["response"]["content"]
    assert tar["encoding"] == "base64" and len(base64.b64decode(tar["text"])) == 512 + 1024
    assert [entry["startedDateTime"] for entry in entries] == sorted(entry["startedDateTime"] for entry in entries)
    attach = next(entry for entry in entries if entry["request"]["url"].split("?")[0].endswith("/attach"))
    assert attach["response"]["status"] == 101 and "raw stream" in attach["comment"]
