"""What scripts reach by the flags that grant, and what they are told without them."""

import os

import pytest
from harness import finish

ASK = """local dogger = require "dogger"
return function(req)
  return tostring(dogger[req.query.what](req.query.name))
end"""


def test_files(serve, write, directory):
    write("secret", "elsewhere/file")
    write(ASK, "scripts/handler.lua")
    path = directory / "elsewhere/file"
    refused = serve(["scripts/handler.lua"]).get(f"/?what=read_file&name={path}")
    assert refused.status == 500
    assert refused.json["message"] == (
        f'scripts/handler.lua:3: read_file("{path}"): a script reads what is beside it, and what a flag grants: '
        f"dogger run --allow-read {path.parent} would grant it")
    granted = serve(["scripts/handler.lua"], "--allow-read", "elsewhere")
    assert granted.get(f"/?what=read_file&name={path}").text == "secret"
    assert granted.get("/?what=read_file&name=../elsewhere/file").text == "secret"
    assert granted.get("/?what=read_file&name=/etc/passwd").status == 500


def test_a_granted_file_is_watched(serve, write, directory):
    write("one", "elsewhere/file")
    write("local text = require('dogger').read_file('../elsewhere/file') return function(req) return text end", "scripts/handler.lua")
    dogger = serve(["scripts/handler.lua"], "--allow-read", directory / "elsewhere")
    assert dogger.get().text == "one"
    write("two", "elsewhere/file")
    dogger.wait(r"^dogger: reloaded .*elsewhere/file changed")
    assert dogger.get().text == "two"


def test_variables(serve):
    dogger = serve(
        ASK, "--allow-env", "ONE", "--allow-env", "APP_*", env=os.environ | {"ONE": "1", "APP_KEY": "k", "TWO": "2"})
    assert [dogger.get(f"/?what=env&name={name}").text for name in ["ONE", "APP_KEY", "APP_NONE"]] == ["1", "k", "nil"]
    refused = dogger.get("/?what=env&name=TWO")
    assert refused.status == 500
    assert refused.json["message"] == (
        'handler.lua:3: env("TWO"): a script sees no variables but those that a flag grants: dogger run --allow-env TWO would grant it')


def test_check_grants_too(write, directory):
    write("local text = require('dogger').read_file('/etc/passwd') return function(req) return text end")
    refused = finish("check", "handler.lua", cwd=directory)
    assert refused.returncode == 1 and "--allow-read /etc" in refused.stderr
    assert finish("check", "handler.lua", "--allow-read", "/etc", cwd=directory).returncode == 0


@pytest.mark.parametrize("arguments,words", [
    (["--allow-read", "none"], ["--allow-read none", "No such file or directory"]),
    (["--allow-net", "example.com"], ["example.com", "host:port", "unix:///path"]),
    (["--allow-env", "A=B"], ["A=B", "PREFIX_*"]),
    (["--allow-env", "*A"], ["PREFIX_*"]),
    (["--allow-env", ""], ["names no variable"]),
])
def test_wrong_use(write, directory, arguments, words):
    write("return function(req) end")
    for command in ["run", "check"]:
        result = finish(command, "handler.lua", *arguments, cwd=directory)
        assert (result.returncode, result.stdout) == (2, "")
        for word in words:
            assert word in result.stderr


@pytest.mark.parametrize("line,words", [
    ("io.open('/etc/passwd')", "'io' is not defined"),
    ("io.popen('id')", "'io' is not defined"),
    ("dofile('/etc/passwd')", "'dofile' is not defined"),
    ("loadfile('/etc/passwd')", "'loadfile' is not defined"),
    ("os.execute('id')", "attempt to call a nil value (field 'execute')"),
    ("os.getenv('HOME')", "attempt to call a nil value (field 'getenv')"),
    ("os.remove('handler.lua')", "attempt to call a nil value (field 'remove')"),
    ("os.rename('handler.lua', 'x')", "attempt to call a nil value (field 'rename')"),
    ("os.tmpname()", "attempt to call a nil value (field 'tmpname')"),
    ("os.exit()", "attempt to call a nil value (field 'exit')"),
    ("package.loadlib('libc.so.6', '*')", "'package' is not defined"),
    ("debug.getregistry()", "'debug' is not defined"),
    ("require('socket')", "there is no module 'socket'"),
    ("require('../x')", "is no name of a module"),
    ("require('dogger').read_file('/proc/self/environ')", "--allow-read /proc/self"),
    ("require('dogger').read_file('/proc/self/mem')", "--allow-read /proc/self"),
    ("require('dogger').read_file('/dev/zero')", "--allow-read /dev"),
    ("require('dogger').read_file('../' .. ('x/'):rep(3000))", "read_file"),
    ("require('dogger').env('PATH')", "--allow-env PATH"),
    ("require('dogger').env('PATH\\0X')", "a script sees no variables"),
    ("require('dogger').env('*')", "--allow-env '*'"),
])
def test_hostile_scripts_reach_nothing(serve, line, words):
    dogger = serve(f"return function(req) if req.path == '/' then return 'fine' end return tostring({line}) end")
    answer = dogger.get("/try")
    assert answer.status == 500
    assert answer.json["message"].startswith("handler.lua:1: ") and words in answer.json["message"], answer.text
    assert dogger.get().text == "fine"
