"""`dogger run --inspect` without a browser: who is let in, and what it costs. test_inspect_page.py has the page."""

import json
import re
import socket
import subprocess

import pytest
from harness import BINARY, PATIENCE, Connection, finish
from harness.processes import kill, until

HELLO = "return function(req) return 'hello' end"


def address(dogger):
    """(host, port, path) of the page."""
    found = dogger.wait(r"^dogger: look on at http://([\d.]+):(\d+)(/[0-9a-f]{32}/)$")
    return found.group(1), int(found.group(2)), found.group(3)


def ask(place, method="GET", more="", headers=(), **changes):
    host, port, path = place
    with Connection((host, port)) as connection:
        return connection.ask(method, changes.get("path", path) + more, list(headers))


class Onlooker:
    """A page as the server sees it: a stream of events."""

    def __init__(self, place):
        host, port, path = place
        self.connection = Connection((host, port))
        self.connection.begin("GET", path + "events")
        self._file = self.connection.socket.makefile("rb")
        self.first = self.next()

    def next(self):
        while True:
            line = self._file.readline()
            assert line, "the stream of events ended"
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    def wait(self, condition):
        """The first exchange that it holds for."""
        while True:
            for exchange in self.next()["exchanges"]:
                if condition(exchange):
                    return exchange

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self.connection.socket.close()


def test_the_address_is_told_once_and_has_a_token(serve):
    place = address(serve(HELLO, "--inspect"))
    assert place[0] == "127.0.0.1"
    assert ask(place).status == 200
    assert ask(place, path="/").status == 403
    assert ask(place, path=place[2][:-2] + "/").status == 403
    assert "token" in ask(place, path="/").text
    assert ask(place, headers=[("Host", "evil.example")]).status == 421
    assert ask(place, headers=[("Origin", "http://evil.example")]).status == 403


def test_the_token_is_new_each_time(serve):
    assert address(serve(HELLO, "--inspect"))[2] != address(serve(HELLO, "--inspect"))[2]


@pytest.mark.parametrize("words", [["--inspect", "127.0.0.1:{}"], ["--inspect=localhost:{}"], ["--inspect", ":{}"]])
def test_an_address_may_be_given(serve, words):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    assert address(serve(HELLO, *[word.format(port) for word in words]))[:2] == ("127.0.0.1", port)


def test_a_handler_may_stand_behind_it(directory, write):
    write(HELLO)
    done = finish("run", "--inspect", "handler.lua", "--", "true", cwd=directory)
    assert done.returncode == 0
    assert re.search(r"^dogger: look on at http://127\.0\.0\.1:\d+/[0-9a-f]{32}/$", done.stderr, re.M)


def test_it_is_for_this_machine_only(directory, write):
    write(HELLO)
    done = finish("run", "handler.lua", "--inspect", "0.0.0.0:0", cwd=directory)
    assert done.returncode == 2
    assert "take 127.0.0.1:0" in done.stderr


def test_a_port_that_is_taken_is_told(directory, write):
    write(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = finish("run", "handler.lua", "--inspect", f"127.0.0.1:{other.getsockname()[1]}", cwd=directory)
    assert done.returncode == 1
    assert "somebody is serving at" in done.stderr
    assert not list(directory.glob("*.sock"))


def test_what_a_command_asks_is_seen(directory, write):
    """The command itself looks on, and asks: its list has the request, with its own name and pid."""
    write(HELLO)
    program = r"""
import json, os, socket, subprocess, sys, urllib.request
page = sys.argv[1]
events = urllib.request.urlopen(page + "events")
events.readline()
subprocess.run(["curl", "-s", "--unix-socket", os.environ["DOGGER_SOCKET"], "http://d/from-the-command"], check=True)
for line in events:
    if b"from-the-command" in line and b'"complete"' in line:
        exchange = json.loads(line[6:])["exchanges"][-1]
        print(exchange["caller"], exchange["target"])
        break
"""
    # The address stands in dogger's own standard error, which the command inherits: through a shell it gets there.
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    log = directory / "log"
    (directory / "look.py").write_text(program)
    script = f"""
page=$(sed -n 's/^dogger: look on at //p' {log})
exec python3 look.py "$page"
"""
    with log.open("w") as errors:
        done = subprocess.run(
            [BINARY, "run", "handler.lua", "--inspect", f"127.0.0.1:{port}", "--", "sh", "-c", script], cwd=directory, stdout=subprocess.PIPE,
            stderr=errors, stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "hellocurl /from-the-command\n"), log.read_text()


def test_nothing_is_kept_while_no_page_is_open(serve):
    dogger = serve(HELLO, "--inspect")
    place = address(dogger)
    dogger.get("/unseen")
    with Onlooker(place) as page:
        assert page.first["exchanges"] == []
        dogger.get("/seen")
        assert page.wait(lambda exchange: exchange["state"] == "complete")["target"] == "/seen"
    # The server learns that it is gone at the next write.
    until(lambda: dogger.get("/gone") and ask(place, more="exchanges/1").status == 200, "the list is kept")
    with Onlooker(place) as page:
        assert page.first["exchanges"][0]["target"] == "/seen"


def test_a_client_that_leaves_and_a_stream_that_goes_on_are_told(serve):
    dogger = serve("""
local dogger = require "dogger"
return function(req) return { body = function(out) out:write("first") dogger.sleep(60) end } end
""", "--inspect")
    with Onlooker(address(dogger)) as page:
        with dogger.connect() as client:
            client.begin("GET", "/")
            going = page.wait(lambda exchange: exchange["state"] == "answering" and exchange["received"] == 5)
            assert "duration" not in going
        assert page.wait(lambda exchange: exchange["state"] == "left")["id"] == going["id"]


def test_the_next_worker_serves_the_same_address_and_says_why(serve):
    dogger = serve(HELLO, "--inspect")
    place = address(dogger)
    with Onlooker(place) as page:
        before = page.first["worker"]
    kill(dogger)
    with Onlooker(place) as page:
        assert page.first["worker"] != before
        assert [message["text"] for message in page.first["messages"]] == [
            "the worker was ended by signal 9 (Killed); this is the next worker"]


def test_a_refused_request_is_a_message(serve):
    dogger = serve(HELLO, "--inspect")
    with Onlooker(address(dogger)) as page:
        with dogger.connect() as client:
            client.send("GET  / HTTP/1.1\r\n\r\n")
        event = page.next()
        assert "a request was refused with 400" in event["messages"][0]["text"]


def test_a_confined_worker_sends_requests_again_without_end(serve):
    """More than it could have sockets for from its start on."""
    dogger = serve(HELLO, "--inspect")
    place = address(dogger)
    with Onlooker(place) as onlooker:
        assert dogger.get("/once").text == "hello"
        first = onlooker.wait(lambda exchange: exchange["state"] == "complete")["id"]
        last = first
        for _ in range(100):
            assert ask(place, "POST", f"exchanges/{first}/replay").status == 202
            last = onlooker.wait(
                lambda exchange: exchange["id"] > last and exchange.get("replayOf") == first and exchange["state"] == "complete")["id"]
