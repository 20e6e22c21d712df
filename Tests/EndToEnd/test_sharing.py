"""pack, show, and what the header says. That a pack answers as its original does is test_examples.py's and test_policies.py's."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest
from harness import BINARY, ROOT, finish

EXAMPLES = sorted(path for path in (ROOT / "examples/handlers").glob("*.lua") if not path.stem.endswith("_test"))


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


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_handler_with_a_line_for_the_kernel(directory, write, mark):
    """It runs as a program does, its header is read, errors count its lines, and its pack runs as well."""
    handler = write(f"{mark}#!/usr/bin/env -S dogger run\n-- Says hello.\nreturn function(req)\n  if req.path == '/x' then error('no') end\n  return 'hello'\nend\n")
    assert shown(finish("show", handler).stdout, "contains") is None
    assert "Says hello." in finish("show", handler).stdout
    assert finish("pack", handler, "-o", directory / "h.pack.lua").returncode == 0
    (directory / "dogger").symlink_to(BINARY)
    environment = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}
    for program, name in ((handler, "./handler.lua:4"), (directory / "h.pack.lua", "./h.pack.lua/handler.lua:4")):
        program.chmod(0o755)
        words = [f"./{program.name}"] if mark == "" else ["dogger", "run", f"./{program.name}"]
        for path, answer in (("", "hello"), ("x", f"{name}: no")):
            done = subprocess.run(
                [*words, "--", "sh", "-c", f"curl -s --unix-socket $DOGGER_SOCKET http://d/{path}"],
                cwd=directory, env=environment, capture_output=True, text=True, timeout=60)
            assert (done.returncode, answer in done.stdout) == (0, True), done


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
    """The next worker has it too, although standard input is read by then."""
    text = "return function(req) return 'alive\\n' end"
    script = """
    for stat in /proc/[0-9]*/stat; do
      if grep -q "(dogger-worker) . $PPID " $stat 2>/dev/null; then kill -9 $(basename $(dirname $stat)); echo killed; fi
    done
    curl -s --unix-socket $DOGGER_SOCKET http://d/"""
    done = finish("run", "-", "--", "sh", "-c", script, input=text, stdin=None, cwd=directory)
    assert (done.returncode, done.stdout) == (0, "killed\nalive\n"), done.stderr
    assert "the next worker takes over" in done.stderr


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


# install, list, built in


@pytest.fixture
def data(directory):
    """dogger with a place of its own for what is installed."""
    environment = os.environ | {"XDG_DATA_HOME": str(directory / "data")}

    def run(*arguments, **options):
        return finish(*arguments, cwd=directory, env=environment, **options)

    run.environment = environment
    run.folder = directory / "data/dogger/handlers"
    return run


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_installed_as_its_pack_and_shown_alike(path, data):
    done = data("install", path)
    assert done.returncode == 0 and done.stdout.startswith(f"installed {data.folder}/{path.name}\n  dogger run {path.stem}"), done
    installed = data.folder / path.name
    assert installed.read_bytes() == finish("pack", path, text=False).stdout
    assert oct(installed.stat().st_mode)[-3:] in ("644", "600", "664") and [p.name for p in data.folder.iterdir()] == [path.name]
    assert data("show", path.stem).stdout.split("\n", 1)[1] == data("show", "-", stdin=None, input=installed.read_text()).stdout.split("\n", 1)[1]
    assert data("install", installed, "--name", path.stem).stdout.startswith(f"{installed} is there already, in this version\n")


def test_an_installed_handler_runs_by_its_name(data, examples, serve):
    assert data("install", examples / "modules.lua").returncode == 0
    assert serve(["modules"], env=data.environment).get("/?name=Ada").text == "* * * dogger * * *\nHello, Ada!\n"


def test_the_digest_has_to_be_right(data, examples):
    pack = finish("pack", examples / "ps.lua").stdout
    right = hashlib.sha256(pack.encode()).hexdigest()
    wrong = ("1" if right[0] == "0" else "0") + right[1:]
    done = data("install", "-", "--sha256", wrong, stdin=None, input=pack)
    assert (done.returncode, done.stderr) == (1, f"dogger: standard input is not the file that was meant: its SHA-256 is {right}\n")
    assert not data.folder.exists()
    assert data("install", "-", "--sha256", right.upper(), stdin=None, input=pack).returncode == 0
    assert [path.name for path in data.folder.iterdir()] == ["ps.lua"]
    for none in ("", "abc", right + "0", "g" * 64):
        assert data("install", examples / "ps.lua", "--sha256", none).returncode == 2


def test_another_version_is_replaced_only_by_force(data, write):
    path = write("return function() return 'one' end", "mine-own.lua")
    assert data("install", path).returncode == 0
    first = (data.folder / "mine-own.lua").read_bytes()
    path.write_text("return function() return 'two' end")
    done = data("install", path)
    assert done.returncode == 1 and done.stderr.startswith("dogger: another version of mine-own is installed already, in ")
    assert (data.folder / "mine-own.lua").read_bytes() == first
    assert data("install", path, "--name", "other").returncode == 0
    assert data("install", path, "--force").returncode == 0
    assert b"two" in (data.folder / "mine-own.lua").read_bytes() and b"two" in (data.folder / "other.lua").read_bytes()


def test_what_does_not_load_is_not_installed(data, write):
    for text, said in (("x", "bad.lua:2: syntax error"), ("error('no')", "bad.lua:1: no"), ("return 1", "the file returned number"),
                       ("require 'none'", "bad.lua:1: there is no module 'none'"), ("-- @pack 1 x.lua\ny", "bad.lua:2: this line belongs to no part"),
                       ("-- @needs much\nreturn function() end", "bad.lua:1: '@needs much' can't be read"), ("while true do end", "stopped after")):
        done = data("install", write(text, "bad.lua"))
        assert done.returncode == 1 and said in done.stderr, done.stderr
    assert not data.folder.exists()
    needy = write("local token = require('dogger').env('TOKEN_X') return function() return token end", "needy.lua")
    assert data("install", needy).returncode == 1
    assert data("install", needy, "--allow-env", "TOKEN_X").returncode == 0


def test_names_of_installed_handlers(data, write):
    path = write("return function() end", "a b.lua")
    assert data("install", path).returncode == 1
    for name in ("../x", "a/b", ".x", "-x", ""):
        assert data("install", path, f"--name={name}").returncode == 2
    done = data("install", "-", stdin=None, input="return function() end")
    assert (done.returncode, done.stderr) == (1, "dogger: what comes on standard input has no name: give one with --name\n")
    assert data("install", "-", "--name", "x", stdin=None, input="return function() end").returncode == 0
    assert finish("install", path, "--name", "x", env={"PATH": "/bin"}).stderr.startswith("dogger: there is no place for installed handlers")


def test_list_tells_where_a_name_leads(data, write):
    write("-- Here.\nreturn 1", "ps.lua")
    write("-- A test.", "ps_test.lua")
    write("-- In handlers.\n-- @version 2\n-- @needs upstream", "handlers/own.lua")
    write("no header", "handlers/no-header.lua")
    (data.folder).mkdir(parents=True)
    (data.folder / "log.lua").write_text("-- Installed \x1b[2J.\n")
    lines = [line.split(None, 2) for line in data("list").stdout.splitlines()]
    assert lines[0] == ["ps", "ps.lua", "Here."] and lines[1] == ["no-header", "handlers/no-header.lua"]
    assert lines[2] == ["own", "handlers/own.lua", "In handlers."] and lines[3] == ["log", f"{data.folder}/log.lua", "Installed \\x1b[2J."]
    assert ["ps", "built", "in (hidden by the one above)"] in [[a, b, " ".join(c.split())] for a, b, c in lines[4:]]
    listed = json.loads(data("list", "--json").stdout)
    assert {"name": "own", "place": "handlers/own.lua", "hidden": False, "summary": "In handlers.", "version": "2", "needs": "upstream"} in listed
    assert [item["name"] for item in listed if item["hidden"]] == ["log", "ps"]
    assert {item["name"] for item in listed if item["place"] == "built in"} >= {"ps", "readonly", "nopriv", "mine", "log"}


def test_every_built_in_handler_is_that_of_the_examples(data, directory):
    """With nothing but the binary: elsewhere, with no examples beside it."""
    names = [item["name"] for item in json.loads(data("list", "--json").stdout)]
    assert len(names) >= 8
    for name in names:
        assert data("pack", name, text=False).stdout == finish("pack", ROOT / f"examples/handlers/{name}.lua", text=False).stdout
        assert data("check", name).returncode == 0
        assert f"built-in/{name}\n" in data("show", name).stdout


def test_a_built_in_handler_runs(data, docker):
    done = data("run", "ps", "--", "sh", "-c", "curl -s --unix-socket $DOGGER_SOCKET http://d/containers/json")
    assert done.returncode == 0 and json.loads(done.stdout)[0]["Names"] == ["/web"]
    done = data("run", "readonly")
    assert (done.returncode, done.stderr) == (1, "dogger: built-in/readonly/readonly.lua needs what it was not given: add --upstream ADDRESS\n")


# new


TEMPLATES = ["function", "routes", "engine", "policy", "proxy"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_new_writes_a_handler_and_its_test(template, directory):
    done = finish("new", "my-own", "--from", template, cwd=directory)
    assert done.returncode == 0 and done.stdout.startswith("wrote my-own.lua and my-own_test.lua. Next:\n  dogger run my-own.lua"), done
    assert sorted(path.name for path in directory.iterdir()) == ["my-own.lua", "my-own_test.lua"]
    assert (directory / "my-own.lua").read_bytes() == (ROOT / f"Sources/dogger/templates/{template}.lua").read_bytes()
    text = (directory / "my-own_test.lua").read_text()
    assert 't.load("my-own.lua"' in text and 'describe("my-own"' in text and template + ".lua" not in text
    assert finish("check", "my-own.lua", cwd=directory).returncode == 0


def test_new_takes_the_function_where_nothing_is_said(directory, serve):
    assert finish("new", "hello", cwd=directory).returncode == 0
    assert serve(directory / "hello.lua").get("/x").text == "hello from /x\n"


def test_what_stands_behind_two_dashes_is_no_option(directory, write):
    assert finish("new", "--", "hello", cwd=directory).returncode == 0
    assert finish("check", "--", "hello.lua", cwd=directory).returncode == 0
    done = finish("new", "--from", "engine", "--", "--from", cwd=directory)
    assert done.returncode == 2 and "'--from' can't be a handler's name" in done.stderr
    done = finish("check", "hello.lua", "--", "ls", cwd=directory)
    assert done.returncode == 1 and "there is no handler 'ls'" in done.stderr


def test_what_is_proposed_can_be_copied_into_a_shell(directory, write):
    """A header comes from others, and so may the names of files."""
    write("-- @needs env $(touch${IFS}pwned), read ;touch${IFS}pwned, net 'x'`touch${IFS}pwned`\nreturn function() return 'x' end", "evil.lua")
    flags = "--allow-env '$(touch${IFS}pwned)' --allow-read ';touch${IFS}pwned' --allow-net ''\\''x'\\''`touch${IFS}pwned`'"
    done = finish("run", "evil.lua", cwd=directory)
    assert (done.returncode, done.stderr) == (1, f"dogger: evil.lua needs what it was not given: add {flags}\n")
    assert f"--allow-env '$(touch${{IFS}}pwned)'\n" in finish("show", "evil.lua", cwd=directory).stdout
    done = finish("install", "evil.lua", cwd=directory, env=os.environ | {"XDG_DATA_HOME": str(directory)})
    assert done.stdout.splitlines()[1] == f"  dogger run evil {flags}"
    (directory / "my $(touch pwned)").mkdir()
    done = finish("new", "my $(touch pwned)/x", cwd=directory)
    assert "  dogger run 'my $(touch pwned)/x.lua'    serves it" in done.stdout and "  dogger test 'my $(touch pwned)/x_test.lua'  " in done.stdout
    subprocess.run(["sh", "-c", f"true {flags}"], cwd=directory, check=True)
    assert not (directory / "pwned").exists()


def test_new_overwrites_nothing(directory, write):
    (directory / "sub").mkdir()
    write("mine", "sub/b_test.lua")
    for name, path in (("b", "sub/b_test.lua"),):
        done = finish("new", f"sub/{name}", cwd=directory)
        assert (done.returncode, done.stderr) == (1, f"dogger: {path} is there already, and is left as it is\n")
    assert [path.name for path in (directory / "sub").iterdir()] == ["b_test.lua"] and (directory / "sub/b_test.lua").read_text() == "mine"
    assert finish("new", "sub/c.lua", cwd=directory).returncode == 0
    assert finish("new", "sub/c", cwd=directory).returncode == 1
    assert finish("new", "none/c", cwd=directory).stderr == "dogger: none/c.lua can't be written: there is no directory none; make it first\n"
    for name in ("a b", ".x", "x_test", "sub/", "", "a.b"):
        assert finish("new", name, cwd=directory).returncode == 2, name
    assert finish("new", "d", "--from", "nothing", cwd=directory).returncode == 2


def test_help_has_examples():
    for command in ("pack", "show", "install", "new", "list"):
        done = finish(command, "--help")
        assert done.returncode == 0 and f"  dogger {command}" in done.stdout
        assert command == "list" or finish(command).returncode == 2


@pytest.mark.parametrize("template", ["function", "routes", "engine", "policy", "proxy"])
def test_a_template_passes_its_own_test(template, directory):
    assert finish("new", "mine", "--from", template, cwd=directory).returncode == 0
    result = finish("test", cwd=directory)
    assert result.returncode == 0 and "0 failed" in result.stdout, result.stdout + result.stderr
