"""The real docker client against an engine that is a Lua script: what it prints, byte by byte, and what it sends."""

import json
import pathlib
import re
import shlex
import subprocess
import urllib.parse

import pytest

CID = "c0ffee" + "0" * 58
ID = r"[0-9a-f]{64}"


@pytest.fixture
def engine(serve, handlers):
    return serve(handlers / "engine.lua")


@pytest.fixture
def cli(engine, docker):
    return docker(engine)


PS = b"""\
CONTAINER ID   IMAGE     COMMAND   CREATED       STATUS       PORTS                  NAMES
c0ffee000000   alpine    "sh"      2 hours ago   Up 3 hours   0.0.0.0:8080->80/tcp   fake
"""
PS_NONE = b"CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n"
IMAGES = b"""\
REPOSITORY   TAG       IMAGE ID       CREATED       SIZE
alpine       latest    abababababab   2 hours ago   4.26MB
"""
EVENT = b"2023-11-14T22:13:20.000000000Z container start %s (image=alpine, name=fake)\n" % CID.encode()
LAST_EVENT = b"2023-11-14T22:13:21.000000000Z container die %s (image=alpine, name=fake)\n" % CID.encode()
# Before docker 23 the client named the image as it was given, and said "Error: ..." of a container that is not there.
NO_CONTAINER = re.compile(rb"^Error( response from daemon)?: No such container: none\n$")
PULL = re.compile(rb"""^Using default tag: latest
latest: Pulling from (library/)?alpine
aaaa: Pull complete
Digest: sha256:efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef
Status: Downloaded newer image for alpine:latest
docker\.io/library/alpine:latest
$""")
SERVER = b"""\
Server: dogger
 Engine:
  Version:          28.2.2
  API version:      1.50 (minimum version 1.24)
  Go version:       lua5.4
  Git commit:       dogger
  Built:            Thu Jan  1 00:00:00 2026
  OS/Arch:          linux/amd64
  Experimental:     false
"""

# The command, what it is given, and its exit status, output and errors.
CASES = {
    "docker ps": (b"", 0, PS, b""),
    "docker ps -a": (b"", 0, PS, b""),
    "docker ps -q": (b"", 0, b"c0ffee000000\n", b""),
    "docker ps -q --no-trunc": (b"", 0, CID.encode() + b"\n", b""),
    "docker ps --filter name=fake": (b"", 0, PS, b""),
    "docker ps --filter name=other": (b"", 0, PS_NONE, b""),
    "docker ps -a --filter status=exited": (b"", 0, PS_NONE, b""),
    "docker ps --format {{.ID}}/{{.Names}}/{{.State}}/{{.Ports}}": (b"", 0, b"c0ffee000000/fake/running/0.0.0.0:8080->80/tcp\n", b""),
    "docker images": (b"", 0, IMAGES, b""),
    "docker images -q": (b"", 0, b"abababababab\n", b""),
    "docker images --digests --format {{.Digest}}": (b"", 0, b"sha256:" + b"ef" * 32 + b"\n", b""),
    "docker inspect --format {{.Id}}|{{.Name}}|{{.State.Running}} fake": (b"", 0, CID.encode() + b"|/fake|true\n", b""),
    "docker inspect none": (b"", 1, b"[]\n", re.compile(rb"(?i)error: no such object: none\n")),
    "docker image inspect --format {{.Id}}|{{.RepoTags}} alpine": (b"", 0, b"sha256:" + b"ab" * 32 + b"|[alpine:latest]\n", b""),
    "docker logs fake": (b"", 0, b"hello\n", b"err\n"),
    "docker logs none": (b"", 1, b"", NO_CONTAINER),
    "docker run --rm hello-world": (b"", 0, b"hello\n", b"err\n"),
    "docker run --rm alpine exit 42": (b"", 42, b"", b""),
    "docker run --rm alpine lines 3": (b"", 0, b"line 1\nline 2\nline 3\n", b""),
    "docker run -i --rm alpine cat": (b"abc\n", 0, b"abc\n", b""),
    "docker run -i --rm alpine upper": (b"half-close\n", 0, b"HALF-CLOSE\n", b"done\n"),
    "docker run -i alpine cat": (b"", 0, b"", b""),
    "docker run --rm missing": (b"", 0, b"hello\n", re.compile(
        rb"^Unable to find image 'missing:latest' locally\nlatest: Pulling from (library/)?missing\n(.*\n)+err\n$")),
    "docker run -d --name x alpine": (b"", 0, re.compile(rb"^[0-9a-f]{64}\n$"), b""),
    "docker exec fake ls": (b"", 0, b"hello\n", b"err\n"),
    "docker exec fake exit 7": (b"", 7, b"", b""),
    "docker exec -i fake cat": (b"in\n", 0, b"in\n", b""),
    "docker exec -i fake upper": (b"in\n", 0, b"IN\n", b"done\n"),
    "docker exec -d fake ls": (b"", 0, b"", b""),
    "docker exec none ls": (b"", 1, b"", NO_CONTAINER),
    "docker attach fake": (b"", 0, b"hello\n", b"err\n"),
    "docker attach --no-stdin fake": (b"", 0, b"hello\n", b"err\n"),
    "docker events --since 1h --until 1m": (b"", 0, EVENT + LAST_EVENT, b""),
    "docker events --since 1h --until 1m --format {{.Action}}": (b"", 0, b"start\ndie\n", b""),
    "docker pull alpine": (b"", 0, PULL, b""),
    "docker pull -q alpine": (b"", 0, b"docker.io/library/alpine:latest\n", b""),
    "docker pull broken": (b"", 1, re.compile(rb"^Using default tag: latest\nlatest: Pulling from (library/)?broken\n$"), b"mid-stream boom\n"),
    "docker create alpine": (b"", 0, re.compile(rb"^[0-9a-f]{64}\n$"), b""),
    "docker start fake": (b"", 0, b"fake\n", b""),
    "docker stop fake": (b"", 0, b"fake\n", b""),
    "docker stop none": (b"", 1, b"", NO_CONTAINER),
    "docker rm fake": (b"", 1, b"", re.compile(rb"^Error( response from daemon: page not found|: No such container: fake)\n$")),
}


def is_as(wanted, got):
    return wanted is None or (wanted.search(got) if isinstance(wanted, re.Pattern) else wanted == got)


@pytest.mark.parametrize("command", CASES)
def test_what_a_command_prints(cli, command):
    stdin, status, stdout, stderr = CASES[command]
    result = cli(*shlex.split(command)[1:], input=stdin)
    assert result.returncode == status, result
    assert is_as(stdout, result.stdout), result
    assert is_as(stderr, result.stderr), result


def test_version(cli):
    result = cli("version")
    assert (result.returncode, result.stderr) == (0, b"")
    client, server = result.stdout.split(b"\nServer: ", 1)
    assert client.startswith(b"Client:") and b"Server: " + server == SERVER
    assert json.loads(cli("version", "--format", "{{json .Server}}").stdout)["ApiVersion"] == "1.50"


def test_info(cli):
    result = cli("info")
    assert result.returncode == 0, result
    lines = result.stdout.decode().splitlines()
    for line in (" Containers: 0", " Server Version: 28.2.2", " Storage Driver: overlay2", " Swarm: inactive", " Operating System: dogger", " Name: dogger"):
        assert line in lines, line
    assert b"ERROR" not in result.stdout + result.stderr and b"WARNING" not in result.stdout + result.stderr
    assert cli("info", "--format", "{{.ServerVersion}} {{.OSType}}").stdout == b"28.2.2 linux\n"


def test_inspect(cli):
    container, = json.loads(cli("inspect", "fake").stdout)
    assert container["Id"] == CID and container["Args"] == [] and container["NetworkSettings"] == {"Networks": {}}
    image, = json.loads(cli("inspect", "--type", "image", "alpine").stdout)
    assert image["RepoTags"] == ["alpine:latest"] and image["Labels"] == {}


def test_logs_f_shows_each_line_as_it_comes(engine, cli):
    with cli.start("logs", "-f", "fake", stdin=subprocess.DEVNULL) as logs:
        assert logs.stdout.readline() == b"hello\n"
        assert logs.stderr.readline() == b"err\n"
        for number in range(1, 6):
            engine.post("/containers/fake/say", "")
            assert logs.stdout.readline() == b"line %d\n" % number
        assert cli("stop", "fake").returncode == 0
        assert logs.stdout.read() == b"bye\n" and logs.stderr.read() == b""
        assert logs.wait(20) == 0


def test_logs_f_that_is_broken_off(engine, cli):
    with cli.start("logs", "-f", "fake", stdin=subprocess.DEVNULL) as logs:
        logs.stdout.readline()
        logs.terminate()
        logs.wait(20)
    assert cli("ps", "-q").stdout == b"c0ffee000000\n"


def test_events_come_as_they_happen(engine, cli):
    with cli.start("events", stdin=subprocess.DEVNULL) as events:
        assert events.stdout.readline() == EVENT
        cli("stop", "fake")
        assert events.stdout.readline() == LAST_EVENT
        events.terminate()
        events.wait(20)


def test_wait_is_answered_at_the_end(engine, cli):
    with cli.start("wait", "fake", stdin=subprocess.DEVNULL) as wait:
        engine.wait(r"> POST .*/wait")
        assert wait.poll() is None
        cli("stop", "fake")
        assert wait.stdout.read() == b"3\n"
        assert wait.wait(20) == 0


@pytest.mark.parametrize("command", ["exec -i fake cat", "run -i --rm alpine cat"])
def test_a_conversation_line_by_line(engine, cli, command):
    """Each line comes back before the next is sent: nothing waits in a buffer on the way."""
    with cli.start(*command.split()) as process:
        for number in range(50):
            line = b"line %d\n" % number
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line
        process.stdin.close()
        assert process.stdout.read() == b"" and process.stderr.read() == b""
        assert process.wait(20) == 0


@pytest.mark.parametrize("command", ["exec -i fake cat", "run -i --rm alpine cat"])
def test_four_megabytes_through_a_container(cli, command):
    data = bytes(range(256)) * (4 << 12)
    result = cli(*command.split(), input=data)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == data


def test_a_hundred_thousand_lines(cli):
    result = cli("exec", "fake", "lines", "100000")
    assert result.stdout == b"".join(b"line %d\n" % i for i in range(1, 100001))


def test_run_again_and_again(cli):
    for _ in range(15):
        result = cli("run", "--rm", "hello-world")
        assert (result.returncode, result.stdout, result.stderr) == (0, b"hello\n", b"err\n")


def test_rm_after_the_run(cli):
    cli("run", "--rm", "alpine", "exit", "0")
    assert cli("ps", "-aq").stdout == b"c0ffee000000\n"
    cli("run", "alpine", "exit", "0")
    assert cli("ps", "-aq").stdout.count(b"\n") == 2


# What the client sends, as it was seen with docker 28.2.2

TRACE = json.loads((pathlib.Path(__file__).parent / "docker-cli-28.2.2.json").read_text())
ENDLESS = {"docker logs -f --tail 5 --since 10m -t fake", "docker events"}


def plain(request):
    """A request with what differs from run to run replaced, as in the trace."""
    text = urllib.parse.unquote(request)
    text = re.sub(r" /v\d\.\d+/", " /v<API>/", text)
    text = re.sub(rf"/containers/{ID}/", "/containers/<CID>/", text)
    text = re.sub(r"/exec/e\d+/", "/exec/<EXEC>/", text)
    return re.sub(r"(since|until)=\d+", r"\1=<TIME>", text)


@pytest.mark.parametrize("command", TRACE)
def test_what_a_command_sends(engine, cli, command):
    if cli.version < (28,):
        pytest.skip("the trace is of docker 28; this client is older")
    arguments = shlex.split(command)[1:]
    if command in ENDLESS or arguments[0] == "wait":
        with cli.start(*arguments, stdin=subprocess.DEVNULL) as process:
            engine.wait(rf"> {TRACE[command][-1].split()[0]} .*/{arguments[0]}")
            process.terminate()
            process.wait(20)
    else:
        result = cli(*arguments, input=b"abc\n" if "-i" in arguments else b"")
        assert result.returncode == 0, result
    engine.stop()       # the log is complete then
    assert [plain(request) for request in engine.requests] == TRACE[command]
