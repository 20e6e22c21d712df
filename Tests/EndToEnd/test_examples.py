"""Every example handler, as its first lines say that it is used. hello, hello-docker and ps are in test_article.py too."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from harness import ROOT, SLOWNESS, finish

FOLDER = ROOT / "examples/handlers"
TESTS = pathlib.Path(__file__).read_text()
POLICIES = (pathlib.Path(__file__).parent / "test_policies.py").read_text()


@pytest.mark.parametrize("path", sorted(set(FOLDER.glob("*.lua")) - set(FOLDER.glob("*_test.lua"))), ids=lambda path: path.name)
def test_every_example_is_small_says_what_it_shows_and_has_a_test(path):
    text = path.read_text()
    assert text.startswith("-- ") and len(text.splitlines()[0]) > 20
    assert len(text.splitlines()) <= 60 and max(map(len, text.splitlines())) <= 140
    assert f'"{path.stem}"' in TESTS + POLICIES or f"{path.name}" in POLICIES, "no test runs it"


def test_the_examples_own_tests_pass():
    result = finish("test", FOLDER, "--script-timeout", f"{SLOWNESS}s", "--timeout", f"{10 * SLOWNESS}s")
    assert result.returncode == 0, result.stdout + result.stderr
    assert all(path.name in result.stdout for path in FOLDER.glob("*_test.lua"))


@pytest.fixture(params=["file", "pack", "installed"])
def example(request, serve, directory):
    """Serves an example by its name: its file; what `dogger pack` makes of it, alone in a directory; or installed."""

    def start(name, *options):
        path = FOLDER / f"{name}.lua"
        if request.param == "installed":
            environment = os.environ | {"XDG_DATA_HOME": str(directory)}
            done = finish("install", path, env=environment)
            assert done.returncode == 0, done.stderr
            return serve([name], *options, env=environment)
        if request.param == "pack":
            done = finish("pack", path, "-o", directory / f"{name}.pack.lua")
            assert done.returncode == 0, done.stderr
            path = directory / f"{name}.pack.lua"
        return serve(path, *options)

    return start


@pytest.fixture
def client(example, docker):
    """client(name) serves an example, and gives the docker client of it."""
    return lambda name: docker(example(name))


def test_hello(example):
    assert example("hello").get("/any").text == "hello, world"


def test_hello_docker(client):
    assert b"invalid character 'h'" in client("hello-docker")("ps").stderr


def test_ps(client):
    assert client("ps")("ps", "--format", "{{.Names}} {{.Image}}").stdout == b"web nginx:latest\n"


def test_routes(example):
    dogger = example("routes")
    assert dogger.get("/greet/w%C3%B6rld").text == "hello, wörld\n"
    assert dogger.get("/add?a=2&b=40").text == "42\n"
    assert dogger.get("/add?a=2").status == 400
    assert dogger.request("DELETE", "/files/a/b").text == "DELETE of a/b\n"
    assert dogger.get("/").status == 200 and dogger.post("/", "").status == 404


def test_json(example):
    dogger = example("json")
    answer = dogger.post("/", '{"name": "web", "labels": [], "limit": 9223372036854771712}')
    assert '"labels":[]' in answer.text and "9223372036854771712" in answer.text and answer.json["nothing"] is None
    assert dogger.post("/", "web").status == 400


def test_echo(example, directory):
    dogger = example("echo")
    data = os.urandom(5 << 20)
    (directory / "data").write_bytes(data)
    result = subprocess.run(
        ["curl", "-sS", "--unix-socket", dogger.socket, "-T", directory / "data", "http://d/"], capture_output=True, timeout=20)
    assert result.stdout == data


def test_countdown(example):
    with example("countdown").connect() as connection:
        connection.begin("GET", "/?from=1")
        connection.read_head()
        assert connection.read_chunk() == b"1\n"
        assert connection.read_chunk() == b"liftoff\n"


def test_counter(example):
    dogger = example("counter")
    assert [dogger.get(path).text for path in ("/a", "/b", "/a")] == [
        "visit 1, number 1 to /a\n", "visit 2, number 1 to /b\n", "visit 3, number 2 to /a\n"]


def test_quota(serve, write, directory):
    """A copy, with a smaller quota and its minute as it is; behind it what stands for an engine."""
    write((FOLDER / "quota.lua").read_text().replace("MOST, MINUTE = 30,", "MOST, MINUTE = 2,"), "quota.lua")
    write("return function(req) return 'the engine\\n' end", "engine.lua")
    dogger = serve(["quota.lua", "engine.lua"], "--store", "quota.db")
    assert dogger.get("/quota").text == "2 of 2 left\n"
    assert [dogger.post("/containers/create", "").status for _ in range(3)] == [200, 200, 429]
    assert dogger.post("/containers/create", "").json == {"message": "that was more than 2 changes in a minute: wait a moment"}
    assert dogger.get("/containers/json").text == "the engine\n"
    dogger.stop()
    dogger = serve(["quota.lua", "engine.lua"], "--store", "quota.db")
    assert dogger.get("/quota").text == "0 of 2 left\n"
    assert dogger.post("/containers/create", "").status == 429


def test_the_quota_example_is_named(example):
    assert example("quota").get("/quota").text == "30 of 30 left\n"


def test_engines(serve, write, directory):
    """A copy, with two engines that are not there."""
    sockets = []
    for name in ("one", "two"):
        write(f"""local docker = require "dogger.docker"
            return docker.engine {{ ["GET /containers/json"] = function(req)
              return {{ json = {{ docker.container {{ name = "{name}", command = req.query.all or "some" }} }} }} end }}""", f"{name}.lua")
        sockets.append(str(serve([f"{name}.lua"]).socket))
    text = (FOLDER / "engines.lua").read_text()
    for path, socket in zip(("/var/run/docker.sock", "/run/other.sock"), sockets):
        text = text.replace(f'"{path}"', f'"{socket}"')
    write(text, "engines.lua")
    dogger = serve(["engines.lua"], "--upstream", sockets[0], "--allow-net", sockets[0], "--allow-net", sockets[1])
    answer = dogger.get("/v1.50/containers/json?all=1").json
    assert [(container["Names"], container["Command"]) for container in answer] == [(["/one"], "1"), (["/two"], "1")]
    assert dogger.get("/_ping").text == "OK"


def test_the_engines_example_is_named(example):
    assert "--allow-net unix:///var/run/docker.sock" in example("engines").get("/containers/json").json["message"]


def test_modules(serve, directory):
    """A copy, because its files are saved here."""
    for name in ("modules.lua", "greeting"):
        (shutil.copytree if (FOLDER / name).is_dir() else shutil.copy)(FOLDER / name, directory / name)
    dogger = serve(directory / "modules.lua")
    assert dogger.get("/?name=Ada").text == "* * * dogger * * *\nHello, Ada!\n"
    (directory / "greeting/banner.txt").write_text("- dogger -\n")
    assert dogger.get("/").text == "- dogger -\nHello, stranger!\n"
    words = directory / "greeting/words.lua"
    words.write_text(words.read_text().replace("Hello", "Moin"))
    assert dogger.get("/").text == "- dogger -\nMoin, stranger!\n"


def test_the_modules_example_is_named(example):
    assert example("modules").get("/").status == 200


def test_who(example):
    assert example("who").get("/").text == f"process {os.getpid()} of user {os.getuid()}, group {os.getgid()}\n"


def test_errors(client):
    """In a pack too, the line is that of the original."""
    docker = client("errors")
    line = 1 + next(i for i, text in enumerate((FOLDER / "errors.lua").read_text().splitlines()) if "image.name" in text and "docker.image" in text)
    comment = (FOLDER / "errors.lua").read_text()
    assert f"errors.lua:{line}: attempt to index a nil value (local 'image')" in comment
    assert docker("images").stderr.endswith(f"errors.lua:{line}: attempt to index a nil value (local 'image')\n".encode())
    assert docker("ps").stderr == b"Error response from daemon: this engine is closed on Sundays\n"
    assert docker("volume", "ls").stderr == b"Error response from daemon: volumes are for members\n"


def test_images(client):
    docker = client("images")
    assert docker("images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}").stdout == b"moon:latest 7.34MB\nregistry.example/sun:1.0 730MB\n"
    sun, = json.loads(docker("image", "inspect", "registry.example/sun:1.0").stdout)
    assert sun["Config"]["Labels"] == {"temperature": "5772 K"}
    assert docker("rmi", "moon").stdout.startswith(b"Untagged: moon:latest\nDeleted: sha256:")
    assert docker("images", "-q").stdout.count(b"\n") == 1
    assert b"No such image: moon" in docker("rmi", "moon").stderr


def test_logs(client):
    docker = client("logs")
    result = docker("logs", "web")
    assert (result.stdout, result.stderr) == (b"listening on port 80\n", b"warning: this container does not exist\n")
    with docker.start("logs", "-f", "web") as logs:
        assert [logs.stdout.readline() for _ in range(2)] == [b"listening on port 80\n", b"GET /page/1 200\n"]
        logs.terminate()


def test_events(client):
    with client("events").start("events", "--format", "{{.Action}} {{.Actor.Attributes.name}}") as events:
        assert [events.stdout.readline() for _ in range(2)] == [b"start job-1\n", b"die job-1\n"]
        events.terminate()


def test_exec(client):
    docker = client("exec")
    assert re.fullmatch(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", docker("exec", "box", "date").stdout)
    assert docker("exec", "-i", "box", "rev", input=b"hello\nworld\n").stdout == b"olleh\ndlrow\n"
    assert docker("exec", "box", "false").returncode == 1
    missing = docker("exec", "box", "emacs")
    assert (missing.returncode, missing.stdout, missing.stderr) == (127, b"", b"box: emacs: no such command\n")


def test_run(client):
    docker = client("run")
    for _ in range(3):
        result = docker("run", "alpine", "echo", "hello")
        assert (result.returncode, result.stdout, result.stderr) == (0, b"echo hello\n", b"")


def test_pull(client):
    result = client("pull")("pull", "moon")
    assert result.returncode == 0 and result.stdout.startswith(b"Using default tag: latest\nlatest: Pulling from ")
    assert b"a1b2c3: Pull complete\nd4e5f6: Pull complete\nStatus: Downloaded nothing at all\n" in result.stdout


def test_shell(example):
    with example("shell").connect() as connection:
        connection.begin("GET", "/", [("Connection", "Upgrade"), ("Upgrade", "tcp")])
        assert connection.read_head().status == 101
        assert connection.read_until(b"\n") == b"say help or quit\n"
        connection.send("help\n")
        assert connection.read_until(b"\n") == b"time, help, quit\n"
        connection.send("ti").send("me\nsing\n")
        assert re.fullmatch(rb"\d\d:\d\d:\d\d\n", connection.read_until(b"\n"))
        assert connection.read_until(b"\n") == b"what?\n"
        connection.send("quit\n")
        assert connection.read_rest() == b"bye\n"


def test_flaky(client):
    docker = client("flaky")
    results = [docker("ps", "--format", "{{.Names}}") for _ in range(6)]
    assert [result.returncode for result in results] == [0, 0, 1, 0, 0, 1]
    assert results[2].stderr == b"Error response from daemon: the disk is on fire; try again\n" and results[3].stdout == b"phoenix\n"


def test_old_engine(client):
    docker = client("old-engine")
    assert docker("ps", "--format", "{{.Names}}").stdout == b"asked-with-1.41\n"
    assert docker("version", "--format", "{{.Client.APIVersion}} {{.Server.Version}}").stdout == b"1.41 20.10.0\n"
