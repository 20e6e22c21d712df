"""The policies among the examples, in front of a real engine: what they let through works, and what they stop has no effect."""

import itertools

import pytest
from harness import ROOT

FOLDER = ROOT / "examples/handlers"

# Ways to write a path that its owner may take for another one than its guard.
PREFIXES = ["", "/v1.41", "/v1.24", "/v1.41.0", "/V1.41", "/", "/./", "/x/..", "/%2e", "/%76%31%2e41", "/v1%2E41", "http://d", "http://d/v1.41"]

CHANGES = [
    ("POST", "/containers/web/stop"), ("POST", "/containers/web/kill"), ("POST", "/containers/web/rename?name=taken"),
    ("DELETE", "/containers/web?force=1"), ("POST", "/containers/create?name=new"), ("PUT", "/containers/web/archive?path=/"),
    ("POST", "/containers/web/exec"), ("POST", "/containers/web/attach?stream=1&stdin=1"), ("POST", "/containers/web/update"),
    ("DELETE", "/images/busybox?force=1"), ("POST", "/images/busybox/tag?repo=mine"), ("POST", "/commit?container=web"),
    ("POST", "/volumes/create"), ("POST", "/networks/create"), ("POST", "/containers/prune"), ("POST", "/build"),
    ("GET", "/containers/web/attach/ws?stream=1&stdin=1"), ("GET", "/containers%2Fweb%2Fattach%2Fws"),
    ("GET", "/containers/web/json/../attach/ws"), ("POST", "/containers/web%2Fstop"), ("POST", "/containers/web/json/..%2fstop"),
    ("get", "/containers/web/stop"), ("POST", "/session"),
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
