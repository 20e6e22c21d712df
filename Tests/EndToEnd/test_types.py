"""What editors are told of the API: `dogger types`, and that the definitions say what is there, no more and no less."""

import json
import re
import runpy
import shutil
import subprocess
import types

import pytest
from harness import ROOT, finish

TYPES = ROOT / "Sources/Scripting/types"


DOCS = types.SimpleNamespace(**runpy.run_path(str(ROOT / "scripts/docs")))
DEFINED = DOCS.known()


def test_the_definitions_and_the_settings_are_written(directory):
    result = finish("types", directory)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (f"wrote {directory}/.dogger/types and {directory}/.luarc.json\n"
                             f"  open {directory} in an editor that has the Lua language server\n")
    written = {path.name: path.read_bytes() for path in (directory / ".dogger/types").iterdir()}
    assert written == {path.name: path.read_bytes() for path in TYPES.iterdir()}
    settings = json.loads((directory / ".luarc.json").read_text())
    assert settings["runtime.version"] == "Lua 5.4"
    assert [(directory / path).is_dir() for path in settings["workspace.library"]] == [True]


def test_an_older_version_is_replaced_and_settings_are_left_alone(directory):
    finish("types", directory, check=True)
    (directory / ".dogger/types/json.d.lua").write_text("old")
    (directory / ".luarc.json").write_text("{}")
    result = finish("types", cwd=directory)
    assert result.returncode == 0
    assert result.stdout.startswith("wrote .dogger/types\n  .luarc.json is there already and was left as it is") and '"workspace.library": [".dogger/types"]' in result.stdout
    assert (directory / ".luarc.json").read_text() == "{}"
    assert (directory / ".dogger/types/json.d.lua").read_bytes() == (TYPES / "json.d.lua").read_bytes()


def test_a_directory_that_is_not_there_is_told(directory):
    (directory / "file").write_text("")
    for name in ("none", "none/below", "file"):
        result = finish("types", name, cwd=directory)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"dogger: {name} is no directory: make it first, or name the one that holds your handlers\n"


def modules():
    return sorted(name for file in TYPES.glob("*.d.lua") for name in re.findall(r"---@meta (dogger(?:\.\w+)?)\n", file.read_text())
                  if "\nreturn " in file.read_text())


def test_the_module_of_tests_has_the_names_that_are_defined(write, directory):
    names = [re.split("[.:]", name)[1] + " function" for name in DEFINED if name.startswith("t.")] + ["clock table"]
    clock = [name.split(":")[1] for name in DEFINED if name.startswith("TestClock:")]
    methods = {kind: [name.split(":")[1] for name in DEFINED if name.startswith(kind + ":")] for kind in
               ("TestHandler", "TestPending", "TestResponse", "TestStream")}
    assert all(methods.values())
    quoted = lambda words: "{ " + ", ".join(f'"{word}"' for word in words) + " }"
    write("return function(req) return req.path == '/up' and { upgrade = function() end } or 'x' end", "h.lua")
    write(f"""
        local t = require "dogger.test"
        it("has them", function()
          local found = {{}}
          for name, value in pairs(t) do found[#found + 1] = name .. " " .. type(value) end
          table.sort(found)
          assert.same({quoted(sorted(names))}, found)
          found = {{}}
          for name in pairs(t.clock) do found[#found + 1] = name end
          table.sort(found)
          assert.same({quoted(sorted(clock))}, found)
          local app = t.load("h.lua", {{ upstream = function() end }})
          for _, name in ipairs {quoted(methods["TestHandler"])} do assert.is_function(app[name], name) end
          for _, name in ipairs {quoted(methods["TestPending"])} do assert.is_function(app:start({{}})[name], name) end
          for _, name in ipairs {quoted(methods["TestResponse"])} do assert.is_function(app:get("/")[name], name) end
          for _, name in ipairs {quoted(methods["TestStream"])} do assert.is_function(app:get("/up", {{ upgrade = true }}):upgrade()[name], name) end
        end)""", "x_test.lua")
    result = finish("test", cwd=directory)
    assert result.returncode == 0, result.stdout


def test_tests_have_the_globals_that_are_defined(write, directory):
    """The names of busted and luassert: each that is defined is there, and the other way round."""
    text = (TYPES / "busted.d.lua").read_text()
    functions = re.findall(r"^function (\w+)\(", text, re.M)
    tables = re.findall(r"^(\w+) = \{\}$", text, re.M)
    others = [name for line in re.findall(r"^([\w, ]+) = [^{\n]+$", text, re.M) for name in line.split(", ") if not line.startswith("local ")]
    members = re.findall(r"^function (\w+)\.(\w+)\(", text, re.M)
    methods = re.findall(r"^function Spy:(\w+)\(", text, re.M)
    assert "describe" in functions and "mock" in tables and "test" in others and ("spy", "on") in members and "clear" in methods
    # What takes any name: one that means nothing says so when it is called.
    phrases = {name: [field.split()[0] for field in DEFINED[f"dogger.{kind}"].of("field")]
               for name, kind in (("assert", "Assert"), ("match", "Match"), ("assert.spy(spy.new())", "SpyAssert"))}
    listed = lambda words: "{ " + ", ".join(f'"{word}"' for word in words) + " }"
    write("return function() local list = {} for name in pairs(_G) do list[#list + 1] = name end return { json = list } end", "h.lua")
    write(f"""
        local t = require "dogger.test"
        it("has them", function()
          local found, handlers = {{}}, {{}}
          for _, name in ipairs(t.load("h.lua"):get("/"):json()) do handlers[name] = name ~= "assert" end
          for name in pairs(_G) do if not handlers[name] then found[#found + 1] = name end end
          table.sort(found)
          assert.same({listed(sorted({*functions, *tables, *others}))}, found)
          for _, name in ipairs {listed(functions)} do assert.is_function(_G[name], name) end
          {" ".join(f"assert.is_function({table}.{name})" for table, name in members)}
          for _, name in ipairs {listed(methods)} do assert.is_function(spy.new()[name], name) end
        end)
        local function known(phrase, name)
          local said = phrase[name]
          if match.is_matcher(said) then return end
          local _, fault = pcall(said)
          fault = type(fault) == "table" and fault.message or tostring(fault)
          -- A word that only leads on to others, as in assert.is.equal, has nothing to say by itself.
          if not fault:find("is no assertion", 1, true) and not fault:find("is no matcher", 1, true) then return end
          local _, more = pcall(said.frobbed)
          assert.matches(name .. ".frobbed is no", more, 1, true)
          assert.is_true(({{ is = true, is_not = true, are = true, are_not = true, has = true, has_no = true, does = true, does_not = true, was = true,
            was_not = true }})[name], name)
        end
        {"".join(f'it("has what follows {name}", function() for _, name in ipairs {listed(fields)} do known({name}, name) end end)' + chr(10) for name, fields in phrases.items())}
        """, "x_test.lua")
    result = finish("test", cwd=directory)
    assert result.returncode == 0 and "4 passed" in result.stdout, result.stdout


# dogger.test is not for what is served; the test above looks at it.
@pytest.mark.parametrize("module", sorted(set(modules()) - {"dogger.test"}))
def test_a_module_has_the_names_that_are_defined(module, serve):
    dogger = serve(f"""
        local names = {{}}
        for name, value in pairs(require "{module}") do names[#names + 1] = name .. " " .. type(value) end
        table.sort(names)
        return function() return {{ json = names }} end""")
    short = module.split(".")[-1]
    functions = [name.split(".")[1] + " function" for name, entry in DEFINED.items()
                 if entry.parameters is not None and re.split(r"[.:]", name)[0] == short]
    kinds = {"integer": "number"}
    fields = [field.split()[0] + " " + kinds.get(field.split()[1], field.split()[1]) for field in DEFINED[module].of("field")
              if not field.startswith("[")]
    assert dogger.get().json == sorted(functions + fields)


def test_every_module_is_defined():
    embedded = (ROOT / "Sources/Scripting/EmbeddedLua.swift").read_text()
    told = re.search(r'names = "(.*)"', embedded)[1].split(", ")
    assert modules() == sorted({*told, "dogger.test"} - {"dogger.tape"}), "dogger.tape is what recordings are written for, and not for people"


KINDS = {"integer": "number", "dogger.Headers": "userdata", "dogger.Peer": "table", "table<string, string>": "table", "any": "nil"}


def fields_of(name, but=()):
    """(field, the Lua type that it has) of a class, and (method, "function")."""
    for rest in DEFINED[name].of("field"):
        if rest.startswith("["):
            continue
        kind = DOCS.split_type(rest.split(" ", 1)[1])[0].removesuffix("?")
        if rest.split()[0].rstrip("?") not in but:
            yield rest.split()[0].rstrip("?"), KINDS.get(kind, kind.split(" ")[0])
    short = DOCS.OBJECTS.get(name.split(".")[-1])
    for method in DEFINED:
        if short and method.startswith(short + ":"):
            yield method.split(":")[1], "function"


def test_a_request_has_the_fields_that_are_defined(serve):
    wanted = dict(fields_of("dogger.Request", but=["version"]))
    peer = dict(fields_of("dogger.Peer", but=["address"]))
    dogger = serve("""
        return { ["POST /{x}"] = function(req)
          local kinds, peer = {}, {}
          for name in req.query.names:gmatch("%w+") do kinds[name] = type(req[name]) end
          for name in req.query.peer:gmatch("%w+") do peer[name] = type(req.peer[name]) end
          for name in pairs(req.peer) do peer[name] = peer[name] or "not defined" end
          return { json = { kinds = kinds, peer = peer } }
        end }""")
    answer = dogger.post(f"/a?names={'+'.join(wanted)}&peer={'+'.join(peer)}", b"x").json
    assert answer == {"kinds": wanted, "peer": peer}


def test_a_response_has_the_fields_that_are_defined(serve, write):
    wanted = dict(fields_of("dogger.Response"))
    write("return function() return 'answer' end", "behind.lua")
    write("""
        return function(req)
          local res, kinds = req:forward(), {}
          for name in req.query.names:gmatch("[%w_]+") do kinds[name] = type(res[name]) end
          return { json = kinds }
        end""", "handler.lua")
    dogger = serve(["handler.lua", "behind.lua"])
    assert dogger.get(f"/?names={'+'.join(wanted)}").json == wanted


def test_what_writes_has_the_methods_that_are_defined(serve):
    """A body's output, an upgrade's stream, and Docker's frames."""
    dogger = serve("""
        local docker = require "dogger.docker"
        local function kinds(object, names)
          local list = {}
          for name in names:gmatch("%w+") do list[#list + 1] = name .. " " .. type(object[name]) end
          return table.concat(list, ",")
        end
        return {
          ["GET /out"] = function(req) local names = req.query.names return { body = function(out) out:write(kinds(out, names)) end } end,
          ["GET /frames"] = function(req)
            local names = req.query.names
            return { body = function(out) out:write(kinds(docker.stream(out), names)) end }
          end,
          ["GET /stream"] = function(req)
            local names = req.query.names
            return { upgrade = function(stream) stream:write(kinds(stream, names)) end }
          end,
        }""")
    for path, name in ("out", "Output"), ("stream", "Stream"), ("frames", "docker.Frames"):
        methods = [method for method, kind in fields_of(f"dogger.{name}") if kind == "function"]
        assert methods
        told = dogger.get(f"/{path}?names={'+'.join(methods)}").text
        assert told == ",".join(f"{method} function" for method in methods)


def test_the_page_is_what_the_definitions_say():
    subprocess.run([ROOT / "scripts/docs", "--check"], check=True)


def test_a_drift_is_told(directory):
    """The check fails where a definition says something else than the page, or a function isn't on it."""
    for folder in "scripts", "docs", "Sources/Scripting/types":
        shutil.copytree(ROOT / folder, directory / folder, ignore=shutil.ignore_patterns("__pycache__"))
    check = [directory / "scripts/docs", "--check"]
    file = directory / "Sources/Scripting/types/json.d.lua"
    text = file.read_text()
    file.write_text(text.replace("---Reads JSON.", "---Writes JSON."))
    result = subprocess.run(check, capture_output=True, text=True)
    assert result.returncode == 1 and "+Writes JSON." in result.stderr
    file.write_text(text.replace("return json", "function json.more() end\n\nreturn json"))
    result = subprocess.run(check, capture_output=True, text=True)
    assert result.returncode == 1 and "has no part for json.more" in result.stderr


@pytest.fixture
def luacheck():
    """luacheck(*arguments) ends with what it reports."""
    if shutil.which("luacheck") is None:
        from conftest import absent
        absent("luacheck")
    return lambda *arguments: subprocess.run(["luacheck", "--no-color", "--codes", *arguments], capture_output=True, text=True, cwd=ROOT)


def test_luacheck_has_nothing_to_say_about_the_examples(luacheck):
    result = luacheck("examples", "--config", "examples/.luacheckrc")
    assert result.returncode == 0, result.stdout


def test_luacheck_can_read_the_definitions(luacheck):
    # They only declare: what they take and what they set is never used.
    result = luacheck("--std", "lua54+busted", "--max-line-length", "140", "--ignore", "121", "122", "142", "143", "212", "241", "--", str(TYPES))
    assert result.returncode == 0, result.stdout
