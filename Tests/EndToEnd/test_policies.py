"""The policies among the examples, in front of a real engine: what they let through works, and what they stop has no effect."""

import itertools
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import ROOT, finish

FOLDER = ROOT / "examples/handlers"

# Ways to write a path that its owner may take for another one than its guard.
PREFIXES = ["", "/v1.41", "/v1.24", "/v1.41.0", "/V1.41", "/", "/./", "/x/..", "/%2e", "/%76%31%2e41", "/v1%2E41", "http://d", "http://d/v1.41"]

CHANGES = [
    ("POST", "/containers/web/stop"), ("POST", "/containers/web/kill"), ("POST", "/containers/web/rename?name=taken"),
    ("DELETE", "/containers/web?force=1"), ("POST", "/containers/create?name=new"), ("PUT", "/containers/web/archive?path=/"),
    ("POST", "/containers/web/exec"), ("POST", "/containers/web/attach?stream=1&stdin=1"), ("POST", "/containers/web/update"),
    ("DELETE", "/images/busybox?force=1"), ("POST", "/images/busybox/tag?repo=mine"), ("POST", "/commit?container=web"),
    ("POST", "/volumes/create"), ("POST", "/networks/create"), ("POST", "/containers/prune"), ("POST", "/build"),
    ("GET", "/containers/web/top?ps_args=axe"),
    ("GET", "/containers/web/attach/ws?stream=1&stdin=1"), ("GET", "/containers%2Fweb%2Fattach%2Fws"),
    ("GET", "/containers/web/json/../attach/ws"), ("POST", "/containers/web%2Fstop"), ("POST", "/containers/web/json/..%2fstop"),
    ("get", "/containers/web/stop"), ("POST", "/session"), ("POST", "/containers/web/stop%C0%AF"),
]
BODY = '{"Image": "busybox", "Name": "new", "Cmd": ["touch", "/x"], "Memory": 6291456}'


def state(engine):
    """What the engine holds, as far as somebody could have changed it."""
    containers = engine.ask("GET", "/containers/json?all=1").json
    inspected = [engine.ask("GET", f"/containers/{c['Id']}/json").json for c in containers]
    return (
        sorted((c["Name"], c["State"]["Status"], c["HostConfig"]["Memory"], len(c["ExecIDs"] or [])) for c in inspected),
        sorted(tag for image in engine.ask("GET", "/images/json").json for tag in image["RepoTags"] or []),
        sorted(n["Name"] for n in engine.ask("GET", "/networks").json), engine.ask("GET", "/volumes").json["Volumes"] or [])


@pytest.fixture
def readonly(serve, engine, docker):
    """The policy in front of an engine with the container web."""
    straight = docker()
    straight.environment["DOCKER_HOST"] = f"unix://{engine.socket}"
    assert straight("run", "-d", "--name", "web", "busybox", "sleep", "1000").returncode == 0
    return serve(FOLDER / "readonly.lua", "--upstream", engine.socket)


def test_readonly_stops_every_change(readonly, engine):
    before = state(engine)
    attacks = list(itertools.product(PREFIXES, CHANGES))
    assert len(attacks) > 100
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]
    for prefix, (method, path) in attacks:
        headers = upgrade if method == "GET" else [("Content-Type", "application/json")]
        with readonly.connect() as connection:
            answer = connection.ask(method, prefix + path, headers, None if method == "GET" else BODY)
        assert answer.status in (400, 403), f"{method} {prefix}{path}: {answer}"
    assert state(engine) == before


def test_readonly_lets_a_day_of_looking_pass(readonly, docker):
    client = docker(readonly)
    for command in (
        ["version"], ["info"], ["ps", "-a"], ["images"], ["inspect", "web"], ["logs", "web"], ["top", "web"], ["diff", "web"],
        ["stats", "--no-stream", "web"], ["history", "busybox"], ["network", "ls"], ["network", "inspect", "bridge"], ["volume", "ls"],
        ["system", "df"], ["events", "--until", "0s"], ["cp", "web:/etc/passwd", "-"],
    ):
        done = client(*command)
        assert done.returncode == 0, (command, done.stderr)
    stopped = client("stop", "web")
    assert stopped.returncode == 1
    assert b"readonly: POST /v1.41/containers/web/stop is not among what may be read" in stopped.stderr


@pytest.fixture
def guarded(serve, engine, docker):
    """guarded(policy) gives the docker client behind a policy; guarded() the one of the engine itself."""

    def make(name=None):
        client = docker(serve(FOLDER / f"{name}.lua", "--upstream", engine.socket)) if name else docker()
        if name is None:
            client.environment["DOCKER_HOST"] = f"unix://{engine.socket}"
        return client

    return make


def test_nopriv_refuses_ways_to_the_host(guarded, engine):
    client = guarded("nopriv")
    for options in (
        ["--privileged"], ["--pid", "host"], ["--network", "host"], ["--ipc", "host"], ["--uts", "host"], ["--userns", "host"],
        ["-v", "/:/host"], ["--mount", "type=bind,source=/,target=/host"], ["--device", "/dev/null"], ["--cap-add", "SYS_ADMIN"],
        ["--security-opt", "seccomp=unconfined"], ["--cgroup-parent", "/x"], ["--device-cgroup-rule", "a *:* rwm"],
    ):
        done = client("run", "--rm", *options, "busybox", "true")
        assert done.returncode != 0 and b"denied" not in done.stdout, options
    assert engine.ask("GET", "/containers/json?all=1").json == []


@pytest.mark.parametrize("body", [
    '{"Image":"busybox","HostConfig":{"Privileged":true}}', '{"Image":"busybox","hostconfig":{"privileged":true}}',
    '{"Image":"busybox","HostConfig":{"Privileged":false},"hostconfig":{"Privileged":true}}',
    '{"Image":"busybox","HostConfig":{"Privileged":false},"HostConfig":{"Privileged":true}}',
    '{"Image":"busybox","Host\\u0043onfig":{"Privile\\u0067ed":true}}', '{"Image":"busybox","HostConfig":{"PRIVILEGED":true}}',
    '{"Image":"busybox","HostConfig":{"Binds":["/:/h"]}}', '{"Image":"busybox","HostConfig":{"binds":["/etc:/h:ro"]}}',
    '{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"bind","Source":"/","Target":"/h"}]}}',
    '{"Image":"busybox","HostConfig":{"Mounts":[{"type":"bind","source":"/","target":"/h"}]}}',
    '{"Image":"busybox","HostConfig":{"PidMode":"host"}}', '{"Image":"busybox","HostConfig":{"CapAdd":["ALL"]}}',
    '{"Image":"busybox","HostConfig":{"\\u017fecurityOpt":["seccomp=unconfined"]}}', '[]', 'null', '{"Image":"busybox"', '',
])
def test_nopriv_reads_a_body_as_the_engine_does(serve, engine, body):
    guard = serve(FOLDER / "nopriv.lua", "--upstream", engine.socket)
    for prefix in ("", "/v1.41", "/%76%31%2e41"):
        with guard.connect() as connection:
            answer = connection.ask("POST", prefix + "/containers/create", [("Content-Type", "application/json")], body)
        assert answer.status >= 400, (prefix, body, answer)
    assert engine.ask("GET", "/containers/json?all=1").json == []


def test_nopriv_lets_a_normal_day_pass(guarded):
    client = guarded("nopriv")
    assert client("run", "--rm", "busybox", "echo", "hello").stdout == b"hello\n"
    assert client("run", "-d", "--name", "web", "-v", "data:/data", "busybox", "sleep", "1000").returncode == 0
    assert client("exec", "web", "echo", "inside").stdout == b"inside\n"
    assert client("exec", "--privileged", "web", "true").returncode != 0
    assert client("rm", "-f", "web").returncode == 0


def test_mine_shows_only_what_its_user_made(guarded):
    straight, client = guarded(), guarded("mine")
    assert straight("run", "-d", "--name", "other", "busybox", "sleep", "1000").returncode == 0
    assert client("run", "-d", "--name", "own", "busybox", "sleep", "1000").returncode == 0
    assert client("ps", "-a", "--format", "{{.Names}}").stdout == b"own\n"
    for command in (["container", "inspect", "other"], ["logs", "other"], ["stop", "other"], ["rm", "other"], ["exec", "other", "true"]):
        done = client(*command)
        assert done.returncode != 0 and b"No such" in done.stderr, (command, done.stderr)
    assert client("exec", "own", "echo", "inside").stdout == b"inside\n"
    assert client("rm", "-f", "own").returncode == 0
    assert straight("ps", "-a", "--format", "{{.Names}}").stdout == b"other\n"


def test_label_says_who_made_what(guarded):
    client = guarded("label")
    assert client("create", "--name", "web", "--label", "dogger.made-by=root", "--label", "a=b", "busybox").returncode == 0
    shown = client("inspect", "web", "--format", '{{index .Config.Labels "dogger.made-by"}} {{.Config.Labels.a}}')
    assert shown.stdout == f"{os.getuid()} b\n".encode()


def test_redact_hides_the_values_of_variables(guarded):
    straight, client = guarded(), guarded("redact")
    assert straight("create", "--name", "web", "-e", "KEY=secret", "busybox").returncode == 0
    text = client("inspect", "web").stdout
    assert b"KEY=***" in text and b"secret" not in text
    assert client("ps", "-a", "--format", "{{.Names}}").stdout == b"web\n"


def test_log_tells_who_asked(serve, engine, docker):
    dogger = serve(FOLDER / "log.lua", "--upstream", engine.socket)
    assert docker(dogger)("ps").returncode == 0
    dogger.wait(rf"uid {os.getuid()}, pid \d+: GET /v1\.41/containers/json -> 200 ")


def test_chaos_disturbs_some_requests_and_not_all(serve):
    calm = serve("return function(req) return 'calm' end")
    chaos = serve(FOLDER / "chaos.lua", "--upstream", calm.socket)

    def ask(_):
        try:
            with chaos.connect() as connection:
                return connection.ask("GET", "/").body == b"calm"
        except (AssertionError, ConnectionError, EOFError, ValueError):
            return False

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(100)))
    assert any(answers) and not all(answers)


# Some of what each policy decides on: looking, changing, ways to the host, what is another's, and ways to hide any of it.
ASKS = [
    ("GET", "/_ping", None), ("GET", "/v1.41/containers/json?all=1", None), ("GET", "/containers/web/json", None),
    ("GET", "/images/busybox/json", None), ("GET", "/networks", None), ("GET", "/volumes", None), ("GET", "/containers/none/json", None),
    ("HEAD", "/_ping", None), ("GET", "//containers/web/json", None), ("GET", "/containers%2Fweb%2Fjson", None),
    ("GET", "/containers/web/json/../../web/logs?stdout=1", None), ("POST", "/containers/web/stop?t=0", None),
    ("POST", "/v1.41/containers/web/exec", '{"Cmd":["true"]}'), ("POST", "/containers/web/exec", '{"Cmd":["true"],"Privileged":true}'),
    ("DELETE", "/containers/web", None), ("POST", "/volumes/create", '{"Name":"new"}'),
    ("POST", "/volumes/create", '{"Name":"host","DriverOpts":{"type":"none","o":"bind","device":"/"}}'),
    ("POST", "/networks/create", '{"Name":"new","Labels":{"dogger.made-by":"root"}}'),
    ("POST", "/containers/create?name=plain", '{"Image":"busybox"}'),
    ("POST", "/containers/create?name=plain", '{"Image":"busybox","Labels":{"dogger.made-by":"root"}}'),
    ("POST", "/containers/create", '{"Image":"busybox","HostConfig":{"Privileged":true}}'),
    ("POST", "/containers/create", '{"Image":"busybox","HostConfig":{"Privileged":false},"hostconfig":{"privileged":true}}'),
    ("POST", "/containers/create", '{"Image":"busybox","HostConfig":{"Binds":["/:/h"]}}'),
    ("POST", "/containers/create", '{"Image":"busybox"'), ("POST", "/V1.41/containers/create", '{"Image":"busybox"}'),
    ("POST", "/commit?container=web&repo=mine", "{}"), ("POST", "/containers/prune", None), ("DELETE", "/networks/new", None),
]


def settled(body):
    """An answer without what the engine draws or takes from the clock, and without the order of names and lists."""
    def sort(value):
        if isinstance(value, dict):
            return {key: sort(one) for key, one in sorted(value.items())}
        return sorted(map(sort, value), key=str) if isinstance(value, list) else value

    text = re.sub(r'[0-9a-f]{12,64}|\d{4}-\d\d-\d\dT[^"]+|(?<="Created":)\d+', "0", body.decode())
    try:
        return sort(json.loads(text))
    except ValueError:
        return text


@pytest.mark.parametrize("name", ["readonly", "nopriv", "mine", "label", "redact", "log"])
def test_a_pack_decides_as_its_policy(serve, engine, directory, name):
    """All but chaos.lua, whose decisions are drawn; test_sharing.py compares what its pack contains."""
    pack = directory / f"{name}.pack.lua"
    assert finish("pack", FOLDER / f"{name}.lua", "-o", pack).returncode == 0

    def decisions(handler):
        assert engine.ask("POST", "/containers/create?name=web", {"Image": "busybox", "Env": ["KEY=secret"]}).status == 201
        dogger = serve(handler, "--upstream", engine.socket, "--quiet", cwd=directory)
        answers = []
        for method, target, body in ASKS:
            with dogger.connect() as connection:
                answer = connection.ask(method, target, [("Content-Type", "application/json")] if body else [], body)
            answers.append((method, target, answer.status, settled(answer.body)))
        engine.clear()
        return answers

    original = decisions(FOLDER / f"{name}.lua")
    assert decisions(pack) == original
    assert {status for _, _, status, _ in original} >= {200, 404}, original
