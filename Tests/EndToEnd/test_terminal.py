"""What dogger's log looks like on a terminal, in a file, and to a program that reads JSON."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
from urllib.parse import quote_from_bytes

import pytest
from harness import BINARY, PATIENCE, Connection, finish

HANDLER = """return {
  ["GET /ok"] = function() return "fine" end,
  ["GET /bad"] = function(req) local c return c.name end,
}
"""


class Screen:
    """dogger with a terminal for its standard error, and what it wrote there."""

    def __init__(self, arguments, directory, columns=100, **environment):
        self.socket = directory / "s"
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        keep = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            [BINARY, *map(str, arguments)], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
            env=keep | {"TERM": "xterm", "TZ": "UTC"} | environment)
        os.close(theirs)
        self.descriptor = ours
        self.text = ""

    def _read(self, deadline):
        ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:     # the other end is closed
            data = b""
        self.text += data.decode().replace("\r\n", "\n")
        return data != b""

    def wait(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.text, re.M)):
            assert self._read(deadline), f"no {pattern!r} in {self.text!r}"
        return match

    def get(self, target):
        with Connection(str(self.socket)) as connection:
            return connection.ask("GET", target)

    def end(self):
        """Waits for its end; all that it wrote."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        self.process.wait(PATIENCE)
        os.close(self.descriptor)
        self.process.stdout.close()
        return self.text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()


@pytest.fixture
def screen(directory, write):
    started = []

    def start(*options, handler=HANDLER, **environment):
        write(handler)
        screen = Screen(["run", "handler.lua", "--socket", "s", *options], directory, **environment)
        started.append(screen)
        screen.wait("^.*serving handler.lua on ")
        return screen

    yield start
    for screen in started:
        if screen.process.poll() is None:
            screen.stop()


LINE = r"^\d\d:\d\d:\d\d {} GET    {} +\d+(\.\d)? ms +\d+ B +\d+ k?B  handler\.lua *$"


def test_a_terminal_gets_a_line_a_request_in_columns_and_colours(screen):
    screen = screen()
    screen.get("/ok")
    line = screen.wait(r"^.*GET    /ok.*$")[0]
    assert "\x1b[32m200\x1b[0m" in line
    plain = re.sub(r"\x1b\[\d+m", "", line)
    assert re.match(LINE.format(200, "/ok"), plain) and len(plain) <= 100
    assert "> GET" not in screen.text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours_where_none_are_wanted(screen, environment):
    screen = screen(**environment)
    screen.get("/ok")
    screen.get("/bad")
    screen.wait(LINE.format(200, "/ok"))
    screen.wait(LINE.format(500, "/bad"))
    assert "\x1b" not in screen.stop()


def test_an_empty_no_color_says_nothing(screen):
    screen = screen(NO_COLOR="")
    screen.get("/ok")
    assert "\x1b[32m" in screen.wait(r"^.*GET    /ok.*$")[0]


@pytest.mark.parametrize("columns", [40, 64, 80, 200])
def test_no_line_is_wider_than_the_terminal(screen, columns):
    screen = screen(columns=columns, NO_COLOR="1")
    screen.get("/ok?" + "x" * 300)
    line = screen.wait(r"^.* GET    /ok\?x.*$")[0]
    assert len(line) <= columns and "…" in line


def test_nothing_a_client_sends_reaches_the_terminal_but_text(screen):
    screen = screen(NO_COLOR="1")
    with Connection(str(screen.socket)) as connection:
        connection.send(b"GET /\xc2\x9b2J\xe2\x80\xae HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n").read_rest()
    screen.get("/ok")
    screen.wait("GET    /ok")
    text = screen.stop()
    assert "\x9b" not in text and "\u202e" not in text and all(c >= " " or c == "\n" for c in text), repr(text)


def test_an_error_shows_the_line_with_a_mark(screen, directory, write):
    screen = screen(NO_COLOR="1")
    screen.get("/bad")
    screen.wait(LINE.format(500, "/bad"))
    source = '  ["GET /bad"] = function(req) local c return c.name end,'
    mark = " " * source.index("c return") + "^"
    assert f"dogger: handler.lua:3: attempt to index a nil value (local 'c')\n    3 | {source}\n      | {mark}\nstack traceback:" in screen.text
    write("return function(req)\n  return 1\nedn\n")
    screen.wait(r"^dogger: handler\.lua:\d: .* near .*\n +\d \| .*\n +\| +\^+$")


def test_a_first_version_that_does_not_load_shows_its_line(directory, write):
    write("return function(req)\n  retrun 1\nend\n")
    for arguments in (["run", "handler.lua", "--socket", "s"], ["check", "handler.lua"]):
        text = Screen(arguments, directory, NO_COLOR="1").end()
        assert re.search(r"handler\.lua:2: .* near .*\n    2 \|   retrun 1\n      \| +\^+\n", text), text


def test_the_line_of_a_pack_is_that_of_the_original(directory, write):
    write("local names = require 'lib.names'\nreturn function(req) return names.first.second end\n")
    write("return {}\n", "lib/names.lua")
    assert subprocess.run([BINARY, "pack", "handler.lua", "-o", "p.lua"], cwd=directory, capture_output=True).returncode == 0
    screen = Screen(["run", "p.lua", "--socket", "s"], directory, NO_COLOR="1")
    screen.wait("serving p.lua")
    screen.get("/")
    source = "return function(req) return names.first.second end"
    screen.wait(re.escape(f"dogger: p.lua/handler.lua:2: attempt to index a nil value (field 'first')\n    2 | {source}\n      | {' ' * source.index('first')}^^^^^\n"))
    screen.stop()


def test_a_script_can_t_have_another_file_shown(screen, directory, write):
    (directory / "secret.txt").write_text("secret\n")
    screen = screen(handler="return function() error('secret.txt:1: x', 0) end", NO_COLOR="1")
    screen.get("/")
    screen.wait("GET    /")
    assert "dogger: secret.txt:1: x\n" in screen.text and "| secret" not in screen.stop()


def test_trace_shows_all_on_a_terminal_too(screen):
    screen = screen("--trace", NO_COLOR="1")
    screen.get("/ok")
    screen.wait(LINE.format(200, "/ok"))
    for line in ("> GET /ok", ">   Host: d", "< 200 OK", "<< fine"):
        assert f"\n{line}\n" in screen.text


def test_quiet_leaves_requests_out_of_a_terminal_too(screen):
    screen = screen("--quiet", NO_COLOR="1")
    screen.get("/ok")
    screen.get("/bad")
    text = screen.stop()
    assert "GET    " not in text and "handler.lua:3: attempt" in text


# Formats that are asked for


def test_plain_is_what_files_get(serve, directory, write):
    dogger = serve(HANDLER)
    dogger.get("/ok")
    dogger.wait("^> GET /ok$")
    terminal = Screen(["run", "handler.lua", "--socket", "s", "--log-format", "plain"], directory)
    terminal.wait("^dogger: serving")
    terminal.get("/ok")
    terminal.wait("^> GET /ok$")
    terminal.get("/bad")
    terminal.wait("^> GET /bad$")
    assert "\x1b" not in terminal.text and " | " not in terminal.stop()


def test_color_is_for_pipes_too(serve):
    dogger = serve(HANDLER, "--log-format", "color")
    dogger.get("/ok?" + "x" * 300)
    assert "\x1b[32m200" in dogger.wait(r".*GET    /ok\?x{300} ")[0]


def test_json(serve, write):
    dogger = serve("""return {
      ["POST /ok"] = function(req) print("said\\n\\27[2J") return { status = 201, body = req.body } end,
      ["GET /bad"] = function(req) local c return c.name end,
      ["GET /stream"] = function() return { body = function(out) out:write("12") out:write("345") end } end,
    }""", "--log-format", "json")
    dogger.post("/ok?a=%22\\", '"body"')
    dogger.get("/bad")
    dogger.get("/stream")
    dogger.get("/none")
    dogger.wait('"target":"/none"')
    objects = [json.loads(line) for line in dogger.lines]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item["time"]) for item in objects)
    assert objects[0]["type"] == "info" and objects[0]["message"].startswith("serving handler.lua on unix://")
    said, = [item for item in objects if item["type"] == "log"]
    assert (said["message"], said["place"], said["request"]) == ("said\n\x1b[2J", "handler.lua:2", 1)
    error, = [item for item in objects if item["type"] == "error"]
    assert error["message"] == "handler.lua:3: attempt to index a nil value (local 'c')"
    assert (error["file"], error["line"]) == ("handler.lua", 3) and "c.name" in error["source"] and "stack traceback" in error["traceback"]
    requests = {item["target"]: item for item in objects if item["type"] == "request"}
    first = requests["/ok?a=%22\\"]
    assert (first["id"], first["method"], first["status"], first["request_bytes"], first["response_bytes"]) == (1, "POST", 201, 6, 6)
    assert (first["complete"], first["handler"]) == (True, "handler.lua") and 0 < first["duration_ms"] < 10_000
    assert first["peer"]["pid"] == os.getpid() and first["peer"]["uid"] == os.getuid()
    assert (requests["/bad"]["status"], requests["/stream"]["response_bytes"]) == (500, 5)
    assert (requests["/none"]["status"], requests["/none"]["handler"]) == (404, None)


@pytest.mark.parametrize("arguments, status, message", [
    (["run", "broken.lua"], 1, "broken.lua:1: unexpected symbol near <eof>"),
    (["run", "handler.lua", "--socket", "handler.lua"], 1, "handler.lua is a file and not a socket"),
    (["run", "handler.lua", "--store", "handler.lua"], 1, "the store handler.lua is not an SQLite database"),
    (["run", "none.lua"], 1, "none.lua"),
    (["run", "handler.lua", "--grace", "soon"], 2, "--grace"),
    (["run"], 2, "name a handler file"),
])
@pytest.mark.parametrize("option", [["--log-format", "json"], ["--log-format=json"]])
def test_json_of_what_keeps_dogger_from_starting(directory, write, option, arguments, status, message):
    write("return {", "broken.lua")
    write("return function() end", "handler.lua")
    result = finish(*arguments, *option, "--socket", "s", cwd=directory) if "--socket" not in arguments else finish(*arguments, *option, cwd=directory)
    assert result.returncode == status
    said = json.loads(result.stderr)
    assert said["type"] == "error" and said["time"] and message in said["message"]
    assert not said["message"].startswith("dogger: ")


def test_json_tells_what_broke_off_and_who_answered_in_a_chain(serve, write):
    write("return { ['GET /first'] = function() return 'x' end }", "first.lua")
    write("""return {
      ['GET /second'] = function() return 'x' end,
      ['GET /cut'] = function() return { body = function(out) out:write('x') error('cut') end } end,
    }""", "second.lua")
    dogger = serve(["first.lua", "second.lua"], "--log-format", "json")
    dogger.get("/first")
    dogger.get("/second")
    with dogger.connect() as connection:
        connection.begin("GET", "/cut")
        connection.read_rest()
    dogger.wait('"target":"/cut".*"complete":false')
    answered = {item["target"]: item["handler"] for item in map(json.loads, dogger.lines) if item["type"] == "request"}
    assert answered == {"/first": "first.lua", "/second": "second.lua", "/cut": "second.lua"}


def test_json_names_the_upstream_that_answered(serve):
    behind = serve("return function() return 'behind' end")
    dogger = serve(None, "--upstream", behind.socket, "--log-format", "json")
    assert dogger.get("/x").text == "behind"
    request = json.loads(dogger.wait('.*"type":"request".*')[0])
    assert (request["handler"], request["status"], request["response_bytes"]) == (f"unix://{behind.socket}", 200, 6)


def test_no_such_format(directory, write):
    write(HANDLER)
    done = subprocess.run([BINARY, "run", "handler.lua", "--log-format", "xml"], cwd=directory, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and "xml" in done.stderr


# The summary behind a command


COMMAND = ["--", "sh", "-c", "for p in ok ok none none bad; do curl -s --unix-socket $DOGGER_SOCKET http://d/$p >/dev/null; done; echo done"]


def test_a_command_on_a_terminal_gets_a_summary(directory, write):
    write(HANDLER)
    screen = Screen(["run", "handler.lua", *COMMAND], directory, NO_COLOR="1")
    text = screen.end()
    assert re.search(r"^dogger: 5 requests: 2 × 200, 2 × 404, 1 × 500; the slowest took \d+(\.\d)? ms: GET /\w+\ndogger: 404 GET /none \(2 times\)\n\Z", text, re.M), text
    assert "GET    " not in text


def test_no_summary_where_nobody_wants_one(directory, write):
    write(HANDLER)
    quiet = Screen(["run", "handler.lua", "--quiet", *COMMAND], directory, NO_COLOR="1").end()
    nothing = Screen(["run", "handler.lua", "--", "true"], directory, NO_COLOR="1").end()
    piped = subprocess.run([BINARY, "run", "handler.lua", *COMMAND], cwd=directory, capture_output=True, text=True, timeout=PATIENCE)
    assert "requests:" not in quiet and nothing == "" and "requests:" not in piped.stderr and piped.stdout == "done\n"


# What others write


LOUD = """
local dogger = require "dogger"
return {
  ["GET /print"] = function(req) print(req.query.x, "\\27[1mown\\27[0m") return "" end,
  ["GET /log"] = function(req) dogger.log(req.query.x) return "" end,
  ["GET /error"] = function(req) error(req.query.x) end,
  ["GET /status"] = function(req) error({ status = 418, message = req.query.x }) end,
  ["GET /call"] = function(req)
    local t = { [req.query.x] = function() error("x") end }
    t[req.query.x]()
  end,
  ["GET /chunk"] = function(req) load("local a = 1\\nerror(a.b.c)", "=" .. req.query.x)() end,
  ["GET /module"] = function(req) require(req.query.x) end,
  ["GET /json"] = function(req) return { json = { [req.query.x] = print } } end,
  ["GET /header"] = function(req) return { headers = { A = req.query.x } } end,
  ["GET /store"] = function(req) require("dogger.store").set(req.query.x, print) end,
  ["GET /read"] = function(req) return dogger.read_file(req.query.x) end,
  ["GET /fetch"] = function(req) return require("dogger.http").get(req.query.x) end,
  ["GET /stream"] = function(req) return { body = function(out) out:write(req.query.x) end } end,
  ["POST /body"] = function(req) return req.body end,
}
"""
LINES = ["> GET /forged", "dogger: forged", "loud.lua:1: forged", "< 200 forged", "12:34:56 200 GET    /forged"]
EVIL = "\n".join(["\x1b[2J\x1b]0;t\x07", "a\rb\x08\x7f", "\x9b2J \u202e \u2028 \ufeff", *LINES])


def is_shown(character):
    return character in "\n\t" or not unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def hidden(text):
    """What of a text could do something to a terminal."""
    return sorted({character for character in text if not is_shown(character)})


@pytest.mark.parametrize("options", [(), ("--trace",), ("--quiet",), ("--log-format", "json"), ("--log-format", "json", "--trace")], ids=" ".join)
def test_no_text_of_others_moves_a_cursor_or_looks_like_a_line(serve, write, options):
    write(LOUD, "loud.lua")
    dogger = serve(["loud.lua"], *options)
    paths = re.findall(r'"GET (/\w+)"', LOUD)
    for path in paths:
        # The last is no UTF-8 at all.
        for data in (EVIL.encode(), EVIL.encode("latin-1", "replace"), bytes(range(1, 256))):
            assert dogger.get(path + "?x=" + quote_from_bytes(data)).status in (200, 418, 500)
    dogger.post("/body", EVIL.encode())
    dogger.post("/body", EVIL.replace("\x1b", "").replace("\x07", "").replace("\x08", "").replace("\x7f", "").encode())
    dogger.get("/", [("X", "\x9b2J"), ("Y", "\u202e".encode().decode("latin-1"))])
    dogger.get("/print?x=end")
    dogger.wait(r"\bend\b.*own")
    assert hidden("\n".join(dogger.lines)) == []
    assert not [line for line in dogger.lines if line.startswith(tuple(LINES))]
    if options == ():
        lines = dogger.lines
        at = next(i for i, line in enumerate(lines) if line.startswith("loud.lua:4: "))
        # The script's own colours too: nobody can tell them from a client's.
        assert lines[at:at + 8] == [
            "loud.lua:4: \\x1b[2J\\x1b]0;t\\x07", "  a\\x0db\\x08\\x7f", "  \\xc2\\x9b2J \\xe2\\x80\\xae \\xe2\\x80\\xa8 \\xef\\xbb\\xbf",
            *(f"  {line}" for line in LINES[:-1]), f"  {LINES[-1]}\t\\x1b[1mown\\x1b[0m"]


def test_no_text_of_others_moves_a_terminal_s_cursor(screen):
    screen = screen("--trace", handler=LOUD, NO_COLOR="1")
    for path in re.findall(r'"GET (/\w+)"', LOUD):
        screen.get(path + "?x=" + quote_from_bytes(EVIL.encode()))
    screen.get("/print?x=end")
    screen.wait("end.*own")
    text = screen.stop()
    assert hidden(text) == []
    assert not [line for line in text.split("\n") if line.startswith(tuple(LINES))]
