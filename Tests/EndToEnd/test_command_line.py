"""What `dogger` says of itself, and what it says to those who use it wrongly."""

import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import unicodedata

import pytest
from harness import BINARY, Dogger, finish


# Help

def test_version():
    result = finish("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, "dogger 0.1.0\n", "")


def test_version_is_what_scripts_see(serve):
    dogger = serve("return function(req) return require('dogger').version end")
    assert f"dogger {dogger.get().text}\n" == finish("--version").stdout


@pytest.mark.parametrize("arguments,pieces", [
    (["--help"], ["dogger run handlers/ps.lua", "docker -H unix:///tmp/dogger.sock ps", "SUBCOMMANDS:", "  run ", "  check ", "Exit status:"]),
    (["run", "--help"], [
        "dogger run ", "-- <command>", "--socket <path>", "--listen <host:port>", "--trace", "--quiet", "--hide-errors",
        "--grace <time>", "--head-limit <size>", "64KiB", "--head-timeout <time>", "10s", "--body-limit <size>", "64MiB",
        "--script-timeout <time>", "1s", "--memory-limit <size>", "256MiB", "--allow-read <dir>",
        "--allow-net <address>", "--allow-env <name>", "431", "413", "503", "SIGHUP"]),
    (["check", "--help"], ["dogger check handlers/*.lua", "file:line: message", "--memory-limit <size>"]),
])
def test_help(arguments, pieces):
    result = finish(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    for piece in pieces:
        assert piece in result.stdout, piece
    # An 80-column terminal shows it whole; the line of usage alone may be longer.
    assert [line for line in result.stdout.splitlines() if len(line) > 80 and not line.startswith("USAGE:")] == []


def test_help_of_a_subcommand_both_ways():
    assert finish("help", "run").stdout == finish("run", "--help").stdout


def test_every_command_and_flag_is_in_a_test():
    """As the binary itself lists them; so a new one without a test fails here. What this file says of help does not count."""
    tests = [path.read_text() for path in pathlib.Path(__file__).parent.rglob("*.py") if path.name != pathlib.Path(__file__).name]
    found = []

    def walk(command, names):
        for argument in command.get("arguments", []):
            found.extend((*names, f"--{name['name']}") for name in argument.get("names") or [] if name["kind"] == "long")
        for subcommand in command.get("subcommands", []):
            found.append((*names, subcommand["commandName"]))
            walk(subcommand, (*names, subcommand["commandName"]))

    walk(json.loads(finish("--experimental-dump-help").stdout)["command"], ())
    assert ("run", "--upstream") in found and ("pack",) in found
    word = {last: re.compile(rf"""["' \[{{]{re.escape(last)}(?![\w-])""") for *_, last in found}
    assert [" ".join(names) for names in found if not any(word[names[-1]].search(text) for text in tests)] == []


def test_without_arguments_it_tells_how_it_is_used():
    result = finish()
    assert "SUBCOMMANDS:" in result.stdout + result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    result = finish("--generate-completion-script", shell)
    assert result.returncode == 0 and "check" in result.stdout and "memory-limit" in result.stdout


def test_the_completion_for_bash_completes(directory):
    (directory / "complete").write_text(finish("--generate-completion-script", "bash").stdout)
    script = "source ./complete; COMP_WORDS=(dogger ch) COMP_CWORD=1 COMP_LINE='dogger ch' COMP_POINT=9; _dogger dogger ch dogger; echo ${COMPREPLY[@]}"
    result = subprocess.run(
        ["bash", "-c", script], cwd=directory, capture_output=True, text=True, timeout=20,
        env=os.environ | {"PATH": f"{BINARY.parent}:{os.environ['PATH']}"})
    assert result.stdout.strip() == "check", result


# Wrong use: status 2, and words that help

@pytest.mark.parametrize("arguments,words", [
    (["run"], ["handler file", "--help"]),
    (["check"], ["handlers"]),
    (["frobnicate"], ["frobnicate", "dogger --help"]),
    (["run", "handler.lua", "--nope"], ["--nope", "dogger run --help"]),
    (["run", "handler.lua", "--socket"], ["--socket"]),
    (["run", "handler.lua", "--head-limit", "12q"], ["12q", "--head-limit", "write a size as 65536, 64KiB or 256MiB"]),
    (["run", "handler.lua", "--body-limit", "-1"], ["--body-limit"]),
    (["run", "handler.lua", "--memory-limit", "0"], ["--memory-limit"]),
    (["run", "handler.lua", "--script-timeout", "soon"], ["soon", "--script-timeout", "write a time as 500ms, 10s or 2m"]),
    (["run", "handler.lua", "--listen", "9000"], ["9000", "--listen", "write an address as 127.0.0.1:9000"]),
    (["run", "handler.lua", "--listen", "127.0.0.1:99999"], ["99999", "--listen"]),
    (["run", "handler.lua", "--"], ["no command stands behind --"]),
])
def test_wrong_use(write, directory, arguments, words):
    write("return function(req) end")
    result = finish(*arguments, cwd=directory)
    assert (result.returncode, result.stdout) == (2, "")
    for word in words:
        assert word in result.stderr, result.stderr


# Bad input: status 1, a sentence, and nothing is removed

def refused(directory, *arguments, **options):
    result = finish("run", *arguments, cwd=directory, **options)
    assert result.returncode == 1 and result.stdout == "", result
    assert result.stderr.startswith("dogger: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_no_such_file(directory):
    assert "nothing.lua: there is no such file" in refused(directory, "nothing.lua", "--socket", "s")
    assert os.listdir(directory) == []


def test_a_directory(directory):
    (directory / "folder").mkdir()
    assert "folder is a directory; name a file" in refused(directory, "folder", "--socket", "s")


def test_a_file_that_may_not_be_read(directory, write):
    write("return function(req) end").chmod(0)
    # TCP, for nobody may not make a socket's file in this directory either, and that would be told first.
    message = refused(directory, "handler.lua", "--listen", "127.0.0.1:0", **unprivileged(directory))
    assert "handler.lua can't be read: permission denied" in message


def test_a_device():
    assert "/dev/null" in refused("/", "/dev/null", "--socket", "/tmp/never.sock")


@pytest.mark.parametrize("text,message", [
    ("return function(req)\n  return 'x'\n", "handler.lua:"),
    ("local x = = 1", "handler.lua:1: unexpected symbol near '='"),
    ("\x1bLua", "handler.lua"),
])
def test_a_syntax_error(directory, write, text, message):
    write(text)
    assert message in refused(directory, "handler.lua", "--socket", "s")


@pytest.mark.parametrize("value", ["", "return", "return nil", "return 42", "return 'text'", "return true", "return {}", "return { 1 }", "return { x = 1 }"])
def test_a_handler_that_is_none(directory, write, value):
    write(value)
    message = refused(directory, "handler.lua", "--socket", "s")
    assert "handler.lua" in message and ("function" in message or "route" in message), message


def test_an_error_while_loading_tells_its_place(directory, write):
    write("local function f()\n  error('no luck')\nend\nf()")
    result = finish("run", "handler.lua", "--socket", "s", cwd=directory)
    assert result.returncode == 1 and result.stderr.splitlines()[0] == "dogger: handler.lua:2: no luck"


def test_a_missing_module(directory, write):
    write("local x = require 'lib.missing'\nreturn function(req) end")
    message = refused(directory, "handler.lua", "--socket", "s")
    assert "handler.lua:1: " in message and "no file lib/missing.lua" in message and "dogger.json" in message


# Sockets

def long_path(directory, size):
    return str(directory) + "/" + "x" * (size - len(str(directory)) - 1)


@pytest.fixture
def hello(write):
    write("return function(req) return 'hello' end")


@pytest.mark.parametrize("size", [108, 109, 500])
def test_a_socket_path_that_is_too_long(directory, hello, size):
    message = refused(directory, "handler.lua", "--socket", long_path(directory, size))
    assert f"has {size} bytes, and the kernel takes 107 at most: choose a shorter one" in message


def test_a_socket_path_of_107_bytes(directory, hello):
    path = long_path(directory, 107)
    dogger = Dogger(["run", "handler.lua", "--socket", path], directory, path).ready()
    assert dogger.get().text == "hello"
    dogger.stop()


def test_a_relative_socket_path(directory, hello):
    dogger = Dogger(["run", "handler.lua", "--socket", "here.sock"], directory, directory / "here.sock").ready()
    assert dogger.get().text == "hello"
    dogger.stop()


def test_an_empty_socket_path(directory, hello):
    assert "path of the socket is empty" in refused(directory, "handler.lua", "--socket", "")


def test_a_live_socket_is_not_stolen(directory, serve):
    dogger = serve("return function(req) return 'first' end")
    before = os.lstat(dogger.socket).st_ino
    message = refused(directory, "handler.lua", "--socket", dogger.socket)
    assert f"somebody is serving at {dogger.socket} already: stop that server, or choose another path" in message
    assert os.lstat(dogger.socket).st_ino == before
    assert dogger.get().text == "first"


def test_a_live_socket_of_somebody_else_is_not_stolen(directory, hello):
    path = directory / "other.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        assert "somebody is serving" in refused(directory, "handler.lua", "--socket", path)
    assert path.is_socket()


def test_a_dead_socket_is_replaced(directory, hello):
    path = directory / "dead.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
    dogger = Dogger(["run", "handler.lua", "--socket", path], directory, path).ready()
    assert dogger.get().text == "hello"
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    dogger.stop()


@pytest.mark.parametrize("kind,word", [("file", "is a file"), ("folder", "is a directory"), ("link", "is a symbolic link"), ("pipe", "is a device or a pipe")])
def test_nothing_but_a_socket_is_removed(directory, hello, kind, word):
    path = directory / "taken"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("handler.lua")
    else:
        os.mkfifo(path)
    before = os.lstat(path)
    message = refused(directory, "handler.lua", "--socket", path)
    assert f"{path} {word} and not a socket, so it is left alone" in message
    after = os.lstat(path)
    assert (before.st_ino, before.st_mode, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_mode, after.st_size, after.st_mtime_ns)


def test_a_link_to_a_dead_socket_is_left_alone(directory, hello):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(directory / "dead.sock"))
    (directory / "link").symlink_to("dead.sock")
    assert "is a symbolic link" in refused(directory, "handler.lua", "--socket", directory / "link")
    assert (directory / "dead.sock").is_socket() and (directory / "link").is_symlink()


def test_a_directory_that_is_not_there(directory, hello):
    message = refused(directory, "handler.lua", "--socket", directory / "no/s")
    assert f"the directory {directory}/no does not exist: make it first (mkdir -p {directory}/no)" in message
    assert not (directory / "no").exists()


def test_a_file_in_the_place_of_a_directory(directory, hello):
    assert "is not a directory" in refused(directory, "handler.lua", "--socket", directory / "handler.lua/s")


def unprivileged(directory):
    """Options of a process that is nobody in particular, for root may do all. The directory is opened for it."""
    directory.chmod(0o755)
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}


def test_no_permission(directory, hello):
    (directory / "closed").mkdir(mode=0o555)
    message = refused(directory, "handler.lua", "--socket", directory / "closed/s", **unprivileged(directory))
    assert f"no permission to make the socket {directory}/closed/s" in message
    assert os.listdir(directory / "closed") == []


def test_no_permission_to_look_into_the_directory(directory, hello):
    (directory / "closed").mkdir(mode=0o000)
    assert "no permission" in refused(directory, "handler.lua", "--socket", directory / "closed/s", **unprivileged(directory))


def test_a_port_that_is_taken(directory, hello):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        message = refused(directory, "handler.lua", "--listen", f"127.0.0.1:{port}")
    assert f"somebody is serving at tcp://127.0.0.1:{port} already" in message


def test_an_address_of_another_machine(directory, hello):
    assert "192.0.2.1" in refused(directory, "handler.lua", "--listen", "192.0.2.1:0", "--public")


def test_a_failed_start_leaves_no_socket(directory, hello):
    """The first address could be served at, the second could not."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        result = finish(
            "run", "handler.lua", "--socket", "s", "--listen", f"127.0.0.1:{other.getsockname()[1]}", cwd=directory)
    assert result.returncode == 1
    assert os.listdir(directory) == ["handler.lua"]


def test_only_its_own_socket_is_removed_at_the_end(directory, hello):
    path = directory / "s"
    dogger = Dogger(["run", "handler.lua", "--socket", path], directory).ready()
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        dogger.stop()
    assert path.is_socket(), "the socket of somebody else was removed"


# check

def test_check_of_good_handlers(examples):
    result = finish("check", *sorted(examples.glob("*.lua")))
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")


def test_check_reports_every_error(directory, write):
    write("return function(req) return 1 end", "good.lua")
    write("local x\nx = = 1", "syntax.lua")
    write("require 'lib.broken'", "module.lua")
    write("\n\nerror 'mine'", "raises.lua")
    write("return function(", "lib/broken.lua")
    write("return 42", "number.lua")
    result = finish("check", "good.lua", "syntax.lua", "module.lua", "raises.lua", "number.lua", "none.lua", cwd=directory)
    assert result.returncode == 1 and result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("syntax.lua:2: ")
    assert lines[1].startswith("lib/broken.lua:1: ")
    assert lines[2] == "raises.lua:3: mine"
    assert lines[3].startswith("number.lua:") and "none.lua" in lines[4]
    assert len(lines) == 5, result.stderr


def test_check_serves_nothing(directory, write):
    write("return function(req) end")
    finish("check", "handler.lua", cwd=directory)
    assert os.listdir(directory) == ["handler.lua"]


def test_check_stops_an_endless_loop(directory, write):
    write("while true do end")
    result = finish("check", "handler.lua", "--script-timeout", "50ms", cwd=directory)
    assert result.returncode == 1 and "handler.lua:1: " in result.stderr and "0.05 s" in result.stderr


# Where the docker client would find its engine


@pytest.mark.parametrize("host,context,expected", [
    ("unix:///none.sock", "other", "unix:///none.sock"),
    ("", "other", "unix:///other.sock"),
    ("", "", "unix:///current.sock"),       # as docker has it: empty is unset
    (None, None, "unix:///current.sock"),
    ("", "default", "unix:///var/run/docker.sock"),
])
def test_the_engine_that_docker_would_use(serve, directory, write, host, context, expected):
    write('{"currentContext": "current"}', "config.json")
    for name in ["current", "other"]:
        write('{"Name": "%s", "Endpoints": {"docker": {"Host": "unix:///%s.sock"}}}' % (name, name), f"contexts/meta/{name}/meta.json")
    given = {name: value for name, value in [("DOCKER_HOST", host), ("DOCKER_CONTEXT", context)] if value is not None}
    kept = {name: value for name, value in os.environ.items() if name not in ("DOCKER_HOST", "DOCKER_CONTEXT")}
    dogger = serve(None, "--upstream", "docker", env=kept | given | {"DOCKER_CONFIG": str(directory)})
    dogger.wait(f"in front of {expected} on ")


# Names of files, which others may have chosen


NAME = "\x1b[2J\x1b]0;t\x07\r\u009b2J\u202e\ndogger: forged"
SHOWN = r"\x1b[2J\x1b]0;t\x07\x0d\xc2\x9b2J\xe2\x80\xae\x0adogger: forged"
GOOD = "return function(req) return 'x' end\n"


def names(directory, write):
    """Commands that tell of files with such names: arguments, status."""
    write(GOOD, NAME + ".lua")
    write("local x = = 1\n", NAME + "_bad.lua")
    write("return function(req) return require 'dogger.test' end", NAME + "/h.lua")
    write(GOOD, NAME + "/h.pack.lua")
    write("it('a\\nb\\27[2J', function() print('p\\27[2J') assert.equal('x\\27[2J', req) end)", NAME + "/x_test.lua")
    write("-- @needs \x1b[2J\n" + GOOD, NAME + "_needs.lua")
    write("-- @pack 2 \x1b[2J\n" + GOOD, NAME + "_pack.lua")
    write("local x = require('\x1b[2J')\n" + GOOD, NAME + "_module.lua")
    write(GOOD, NAME + "/plain.txt")
    none = NAME + "none.lua"
    for command in ("run", "check", "show", "pack", "install", "test"):
        yield [command, none], 2 if command == "test" else 1
        yield [command, NAME], 1
    for bad in ("_bad", "_needs", "_pack", "_module"):
        for command in ("run", "check", "show", "pack", "install"):
            yield [command, NAME + bad + ".lua"], None
    yield ["pack", NAME + ".lua", "-o", NAME + "/plain.txt"], 1
    yield ["pack", NAME + ".lua", "-o", NAME + "/out.lua"], 1
    yield ["pack", NAME + "/h.pack.lua", "-o", NAME + "/out.lua"], 0
    yield ["pack", NAME + ".lua", "--include", none], 1
    yield ["install", NAME + ".lua"], 1
    yield ["install", NAME + ".lua", "--name", NAME], 2
    yield ["install", NAME + "/h.pack.lua", "--name", "good"], 0
    yield ["list"], 0
    yield ["test", NAME, "--coverage"], 1
    yield ["test", NAME, "--format", "tap"], 1
    yield ["test", NAME, "--format", "junit"], 1
    yield ["test", NAME, "--filter", "%" + NAME], 2
    yield ["test", NAME, "--output", NAME + "/no/such"], 1
    yield ["new", NAME], 2
    yield ["new", NAME + "/new"], 0
    yield ["new", NAME + "/new"], 1
    yield ["new", NAME + "/none/new"], 1
    yield ["types", NAME], 0
    yield ["types", NAME], 0
    yield ["types", none], 1
    yield ["record", "-o", NAME + ".lua", "--upstream", "/none"], 1
    yield ["record", "-o", NAME + "/none/tape.lua", "--upstream", "/none"], 1
    yield ["record", "-o", "tape.lua", "--upstream", NAME], 2
    yield ["record", "-o", NAME + "/tape.lua", "--upstream", "/none", "--", "true"], 0
    yield ["record", "-o", "tape.lua", "--upstream", "/none", "--", NAME], 127
    yield ["run", NAME + ".lua", "--", "true"], 0
    yield ["run", NAME + ".lua", "--", NAME], 127
    yield ["run", NAME + ".lua", "--log-format", "color", "--", "true"], 0
    yield ["run", NAME + "_bad.lua", "--log-format", "color"], 1
    yield ["run", NAME + "_bad.lua", "--log-format", "json"], 1
    yield ["run", NAME + ".lua", "--socket", NAME + "/none/s"], 1
    yield ["run", NAME + ".lua", "--socket", NAME + "/plain.txt"], 1
    yield ["run", NAME + ".lua", "--store", NAME + "/plain.txt", "--", "true"], 1
    yield ["run", NAME + ".lua", "--allow-read", none, "--", "true"], None
    yield ["run", NAME + ".lua", "--upstream", NAME], 2
    yield ["run", "--" + NAME], 2
    yield [NAME], 2
    yield ["check", NAME + ".lua", "--memory-limit", NAME], 2


def test_no_name_of_a_file_moves_a_cursor(directory, write):
    environment = os.environ | {"XDG_DATA_HOME": str(directory / NAME), "HOME": str(directory), "DOCKER_HOST": "unix:///none"}
    told = ""
    for arguments, status in names(directory, write):
        done = finish(*arguments, cwd=directory, env=environment)
        told += done.stdout + done.stderr
        text = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr) if "color" in arguments else done.stdout + done.stderr
        hidden = sorted({c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")})
        assert hidden == [], (arguments, text)
        # But where the parser of arguments speaks of what the user has just written.
        assert done.returncode == 2 or "\ndogger: forged" not in text, (arguments, text)
        assert status in (None, done.returncode), (arguments, text)
    assert told.count(SHOWN) > 50


def test_without_proc_mounted(directory, write):
    """The arguments are those that the kernel gave, and not those that a file in /proc tells."""
    write("return function() return 'hello' end")
    script = 'mount -t tmpfs none /proc && exec "$0" run handler.lua -- sh -c \'curl -s --unix-socket "$DOGGER_SOCKET" http://d/\''
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
        pytest.skip("that needs a right to mount")
    result = subprocess.run(["unshare", "--mount", "sh", "-c", script, BINARY], cwd=directory, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "hello"), result.stderr
