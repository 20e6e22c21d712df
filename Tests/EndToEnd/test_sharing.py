"""pack, show, and what the header says. That a pack answers as its original does is test_examples.py's and test_policies.py's."""

import hashlib
import shutil
import subprocess

import pytest
from harness import BINARY, ROOT, finish

EXAMPLES = sorted((ROOT / "examples/handlers").glob("*.lua"))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shown(text, name):
    """The value of a line that `dogger show` prints."""
    return next((line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"  {name} ")), None)


# pack


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_packs_to_the_same_bytes_loads_and_is_lua(path, directory):
    pack = directory / "x.pack.lua"
    done = finish("pack", path, "-o", pack)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{digest(pack)}  {pack}\n")
    again = finish("pack", path, text=False)
    assert again.stdout == pack.read_bytes() and again.stderr == f"{digest(pack)}  -\n".encode()
    assert finish("pack", pack, text=False).stdout == pack.read_bytes()
    assert finish("check", pack).returncode == 0
    if compiler := shutil.which("luac5.4"):
        assert subprocess.run([compiler, "-p", pack]).returncode == 0
    show = finish("show", pack).stdout
    assert shown(show, "sha256") == digest(pack)
    for part in [path, *(ROOT / "examples/handlers" / name for name in ("lib/gate.lua", "greeting/banner.txt") if f" {name} " in show)]:
        assert digest(part) in show


def test_the_sum_is_one_that_sha256sum_checks(directory, write):
    write("return function() end")
    done = finish("pack", "handler.lua", "-o", "h.pack.lua", cwd=directory)
    assert subprocess.run(["sha256sum", "-c"], input=done.stdout, text=True, cwd=directory, capture_output=True).stdout == "h.pack.lua: OK\n"


def test_pack_overwrites_only_packs(directory, write):
    handler = write("return function() end")
    for output in ("handler.lua", "other.txt"):
        write("return function() end", output)
        done = finish("pack", "handler.lua", "-o", output, cwd=directory)
        assert (done.returncode, done.stderr) == (1, f"dogger: {output} is there already and is no pack: name another file, or remove it\n")
    assert finish("pack", "handler.lua", "-o", "/dev/null", cwd=directory).returncode == 1
    for text in ("return function() return 'one' end", "return function() return 'two' end"):
        handler.write_text(text)
        assert finish("pack", "handler.lua", "-o", "h.pack.lua", cwd=directory).returncode == 0
    assert "two" in (directory / "h.pack.lua").read_text()
    assert sorted(path.name for path in directory.iterdir()) == ["h.pack.lua", "handler.lua", "other.txt"]


def test_pack_where_it_cannot_write(directory, write):
    write("return function() end")
    done = finish("pack", "handler.lua", "-o", "none/h.pack.lua", cwd=directory)
    assert (done.returncode, done.stderr) == (1, "dogger: cannot write beside none/h.pack.lua: No such file or directory\n")


def test_include(directory, write, serve):
    write("return 'one'", "parts/one.lua")
    write("two", "two.txt")
    handler = """
    local dogger = require "dogger"
    local part = require("parts." .. "one")
    return function() return part .. dogger.read_file("two" .. ".txt") end
    """
    write(handler)
    done = finish("pack", "handler.lua", cwd=directory)
    assert done.returncode == 1 and done.stderr.startswith("dogger: handler.lua:3: only the running script knows what require is asked for here")
    done = finish("pack", "handler.lua", "--include", "parts/one.lua", "--include", "two.txt", "-o", "alone/h.lua", cwd=directory)
    assert done.returncode == 1
    (directory / "alone").mkdir()
    done = finish("pack", "handler.lua", "--include", "parts/one.lua", "--include", "two.txt", "-o", "alone/h.lua", cwd=directory)
    assert done.returncode == 0, done.stderr
    assert serve(directory / "alone/h.lua").get().text == "onetwo"


def test_pack_says_what_it_leaves_out(directory, write):
    write("return function() return require('dogger').read_file('/etc/hostname') end")
    done = finish("pack", "handler.lua", "-o", "h.pack.lua", cwd=directory)
    assert (done.returncode, done.stderr) == (0, "dogger: handler.lua:1: /etc/hostname is not beside the handler, so it is not in the pack\n")


# run -


def test_a_handler_from_standard_input(directory, examples):
    """Nothing beside it is its own to read; the command behind `--` runs as always."""
    (directory / "secret.txt").write_text("secret")
    text = """return function(req)
      local ok, said = pcall(require("dogger").read_file, "secret.txt")
      return tostring(said) .. "\\n"
    end"""
    command = ["run", "-", "--", "sh", "-c", "curl -s --unix-socket $DOGGER_SOCKET http://d/"]
    done = finish(*command, input=text, stdin=None, cwd=directory)
    assert (done.returncode, done.stdout) == (0, f"stdin:2: read_file(\"secret.txt\"): stdin does not have that file in it, and no flag grants it: dogger run --allow-read {directory} would grant it\n")
    done = finish(*command[:2], "--allow-read", directory, *command[2:], input=text, stdin=None, cwd=directory)
    assert (done.returncode, done.stdout) == (0, "secret\n")
    pack = finish("pack", examples / "modules.lua").stdout
    done = finish(*command, input=pack, stdin=None, cwd=directory)
    assert (done.returncode, done.stdout) == (0, "* * * dogger * * *\nHello, stranger!\n")
    done = finish(*command, input="return 1 +", stdin=None, cwd=directory)
    assert done.returncode == 1 and done.stderr.startswith("dogger: stdin:1: unexpected symbol near <eof>")


def test_a_handler_from_standard_input_outlives_its_worker(directory):
    text = """return function(req)
      if req.path == "/hang" then return tostring(("a"):rep(3000):find(".-.-.-b")) end
      return "alive"
    end"""
    script = "curl -s --unix-socket $DOGGER_SOCKET http://d/hang; curl -s --unix-socket $DOGGER_SOCKET http://d/"
    done = finish("run", "-", "--script-timeout", "100ms", "--", "sh", "-c", script, input=text, stdin=None, cwd=directory)
    assert (done.returncode, done.stdout) == (0, "alive")


def test_stdin_is_checked_packed_and_shown(directory):
    options = {"stdin": None, "cwd": directory}
    assert finish("check", "-", input="return function() end", **options).returncode == 0
    assert finish("check", "-", input="x", **options).stderr == "stdin:1: syntax error near <eof>\n"
    assert finish("pack", "-", input="-- Hi.\nreturn 1", **options).stdout == "-- Hi.\n-- @pack 1 stdin.lua\n\n-- The handler, stdin.lua:\nreturn 1\n"
    assert finish("pack", "-", input="require 'a'", **options).stderr == "dogger: stdin.lua:1: there is no module 'a' beside standard input\n"
    assert finish("show", "-", input="-- Hi.\nreturn 1", **options).stdout.startswith("stdin\n  Hi.\n")


# show, names, needs


def test_show_runs_nothing_and_cannot_reach_the_terminal(directory, write):
    path = write("-- \x1b]0;title\x07 \u202eevil\n-- @author \x1b[2J\nwhile true do end", "evil.lua")
    done = finish("show", path)
    assert done.returncode == 0 and "\\x1b]0;title\\x07 \\xe2\\x80\\xaeevil" in done.stdout and "\\x1b[2J" in done.stdout
    assert not any(ord(c) < 32 and c != "\n" for c in done.stdout)
    path.write_text("-- @pack 1 h.lua\nos.exit()\n-- The handler, h.lua:\nreturn 1\n")
    done = finish("show", path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"dogger: {path}:2: this line belongs to no part of the pack\n")
    done = finish("show", directory / "none.lua")
    assert (done.returncode, done.stderr) == (1, f"dogger: {directory}/none.lua: there is no such file\n")


def test_a_name_is_looked_for_here(directory, write, serve):
    write("return function() return 'in handlers' end", "handlers/mine-own.lua")
    assert serve(["mine-own"]).get().text == "in handlers"
    write("return function() return 'here' end", "mine-own.lua")
    assert serve(["mine-own"]).get().text == "here"
    write("return function() return 'a file of that name' end", "mine-own")
    assert serve(["mine-own"]).get().text == "a file of that name"


def test_a_name_that_is_nobody_s(directory):
    done = finish("run", "nobody", cwd=directory, env={"HOME": "/home/x", "PATH": "/bin"})
    assert done.returncode == 1
    for place in ("nobody, ", "nobody.lua, ", "handlers/nobody.lua, ", "/home/x/.local/share/dogger/handlers/nobody.lua"):
        assert place in done.stderr
    done = finish("run", "nobody", cwd=directory, env={"XDG_DATA_HOME": "/data", "PATH": "/bin"})
    assert "/data/dogger/handlers/nobody.lua" in done.stderr


def test_needs_that_are_not_given_are_refused_with_their_flags(directory, write, serve):
    write("-- Needs much.\n-- @needs upstream\n-- @needs net tcp://registry:5000, env TOKEN\nreturn function() end")
    done = finish("run", "handler.lua", "--socket", directory / "s", cwd=directory)
    assert (done.returncode, done.stderr) == (
        1, "dogger: handler.lua needs what it was not given: add --upstream ADDRESS --allow-net tcp://registry:5000 --allow-env TOKEN\n")
    assert finish("check", "handler.lua", cwd=directory).returncode == 0
    write("-- @needs upstream\nreturn function(req) return req:forward() end")
    calm = serve(["handler.lua", write("return function() return 'behind' end", "behind.lua")])
    assert calm.get().text == "behind"
    assert serve(["handler.lua"], "--upstream", calm.socket).get().text == "behind"


def test_a_save_that_needs_more_is_refused(write, serve):
    dogger = serve("return function() return 'before' end")
    write("-- @needs upstream\nreturn function() return 'after' end")
    dogger.wait(r"^dogger: handler\.lua needs what it was not given: add --upstream ADDRESS$")
    dogger.wait("^dogger: the last good version of handler.lua goes on serving$")
    assert dogger.get().text == "before"


def test_help_has_examples():
    for command in ("pack", "show"):
        done = finish(command, "--help")
        assert done.returncode == 0 and f"  dogger {command} " in done.stdout
    assert finish("pack").returncode == 2 and finish("show").returncode == 2
    assert BINARY.exists()
