"""docker-py against an engine that is a Lua script. It loses what comes in one read with the head of a hijack's answer, so
those that hijack are run many times."""

import itertools
import socket

import pytest

TIMES = 50
CID = "c0ffee" + "0" * 58


@pytest.fixture
def engine(serve, handlers):
    return serve(handlers / "engine.lua")


@pytest.fixture
def client(engine, docker_py):
    return docker_py(engine)


@pytest.fixture
def fake(client):
    return client.containers.get("fake")


def test_version(client):
    version = client.version()
    assert (version["Version"], version["ApiVersion"], version["Os"]) == ("28.2.2", "1.50", "linux")
    assert client.ping() is True


def test_info(client):
    assert client.info()["ServerVersion"] == "28.2.2"


def test_containers_list(client):
    container, = client.containers.list()
    assert (container.id, container.name, container.status) == (CID, "fake", "running")
    assert client.containers.list(filters={"name": ["other"]}) == []
    assert [c.name for c in client.containers.list(all=True, ignore_removed=True)] == ["fake"]


def test_a_container_that_is_not_there(client):
    import docker

    with pytest.raises(docker.errors.NotFound, match="No such container: none"):
        client.containers.get("none")


def test_a_script_error(serve, docker_py):
    import docker

    dogger = serve("""local docker = require "dogger.docker"
return docker.engine { ["GET /containers/json"] = function(req) error("my words") end }""")
    with pytest.raises(docker.errors.APIError, match=r"handler\.lua:2: my words"):
        docker_py(dogger).containers.list()


def test_logs(fake):
    assert fake.logs() == b"hello\nerr\n"
    assert list(fake.logs(stream=True, follow=False)) == [b"hello\n", b"err\n"]


def test_logs_that_are_followed(engine, fake):
    lines = fake.logs(stream=True, follow=True)
    assert list(itertools.islice(lines, 2)) == [b"hello\n", b"err\n"]
    for number in range(1, 4):
        engine.post("/containers/fake/say", "")
        assert next(lines) == b"line %d\n" % number
    lines.close()


def test_exec_run(fake):
    for _ in range(TIMES):
        assert tuple(fake.exec_run(["ls"])) == (0, b"hello\nerr\n")


def test_exec_run_demux(fake):
    for _ in range(TIMES):
        assert tuple(fake.exec_run(["ls"], demux=True)) == (0, (b"hello\n", b"err\n"))


def test_exec_run_stream(fake):
    for _ in range(TIMES):
        assert b"".join(fake.exec_run(["lines", "3"], stream=True).output) == b"line 1\nline 2\nline 3\n"


def test_exec_run_status(fake):
    assert fake.exec_run(["exit", "7"]).exit_code == 7


def test_exec_run_detach(fake):
    assert not fake.exec_run(["ls"], detach=True).output


def test_exec_run_socket(fake):
    """The raw socket, with input and a half-close."""
    from docker.utils.socket import frames_iter_no_tty

    for _ in range(TIMES):
        raw = fake.exec_run(["upper"], socket=True, stdin=True).output
        raw._sock.sendall(b"half")
        raw._sock.sendall(b"-close")
        raw._sock.shutdown(socket.SHUT_WR)
        assert list(frames_iter_no_tty(raw)) == [(1, b"HALF-CLOSE"), (2, b"done\n")]
        raw.close()


def test_attach(fake):
    for _ in range(TIMES):
        assert fake.attach() == b"hello\nerr\n"


def test_attach_stream(fake):
    for _ in range(TIMES):
        assert b"".join(fake.attach(stream=True)) == b"hello\nerr\n"


def test_run(client):
    for _ in range(10):
        assert client.containers.run("alpine", ["lines", "2"]) == b"line 1\nline 2\n"


def test_wait(client):
    container = client.containers.create("alpine", ["exit", "5"])
    attached = container.attach(stream=True)
    container.start()
    assert list(attached) == []
    assert container.wait()["StatusCode"] == 5


def test_stop(client, fake):
    fake.stop()
    fake.reload()
    assert fake.status == "exited"
    assert client.containers.list() == []


def test_pull(client):
    image = client.images.pull("alpine", tag="latest")
    assert image.id == "sha256:" + "ab" * 32 and image.tags == ["alpine:latest"]
    lines = list(client.api.pull("alpine", tag="latest", stream=True, decode=True))
    assert [line["status"] for line in lines][:2] == ["Pulling from alpine", "Pull complete"] and len(lines) == 4


def test_images(client):
    assert [image.tags for image in client.images.list()] == [["alpine:latest"]]


def test_events(client, fake):
    events = client.events(decode=True)
    first = next(events)
    assert (first["Action"], first["Actor"]["ID"], first["timeNano"]) == ("start", CID, 1700000000000000000)
    fake.stop()
    assert next(events)["Action"] == "die"
    events.close()


def test_events_of_the_past(client):
    assert [event["Action"] for event in client.events(since=1, until=2, decode=True)] == ["start", "die"]
