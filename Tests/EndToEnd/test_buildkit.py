"""BuildKit through dogger: `/session` and `/grpc` are connections that become HTTP/2, and a build with the docker client uses them."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from harness import PATIENCE, Connection, Docker

pytest.importorskip("h2")
from h2.config import H2Configuration       # noqa: E402: only where it is installed
from h2.connection import H2Connection      # noqa: E402
from h2.events import DataReceived, RequestReceived, ResponseReceived, StreamEnded, TrailersReceived       # noqa: E402

CONTROL = "/moby.buildkit.v1.Control/"
SERVING = b"\x08\x01"
H2C = [("Connection", "Upgrade"), ("Upgrade", "h2c")]
WAYS = {"no handler": [], "nil": ["nil.lua"], "forward": ["forward.lua"], "tap": ["tap.lua"], "nil, then header": ["nil.lua", "header.lua"]}


class HTTP2:
    """One side of HTTP/2 on a connection that has been upgraded. What comes is noted stream by stream: headers without what differs
    from run to run, and all data."""

    def __init__(self, connection, is_client):
        self.connection = connection
        self.h2 = H2Connection(H2Configuration(client_side=is_client))
        self.heads, self.data, self.ended = {}, {}, set()
        self.h2.initiate_connection()
        self.send()

    def send(self):
        self.connection.send(self.h2.data_to_send())

    def receive(self):
        """Takes what comes next."""
        data = self.connection.read_some()
        assert data, "the other side ended"
        for event in self.h2.receive_data(data):
            number = getattr(event, "stream_id", None)
            if isinstance(event, (RequestReceived, ResponseReceived, TrailersReceived)):
                steady = [field for field in event.headers if field[0] not in (b"grpc-timeout", b"user-agent")]
                self.heads.setdefault(number, []).append(sorted(steady))
            elif isinstance(event, DataReceived):
                self.data[number] = self.data.get(number, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, number)
            elif isinstance(event, StreamEnded):
                self.ended.add(number)
        self.send()

    def wait(self, number):
        """Waits for the end of a stream, and returns its heads and data."""
        while number not in self.ended:
            self.receive()
        return self.heads[number], self.data.get(number, b"")

    def call(self, path, message=b""):
        """Asks a gRPC method, and returns its answer."""
        number = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, [
            (":method", "POST"), (":scheme", "http"), (":authority", "d"), (":path", path), ("te", "trailers"),
            ("content-type", "application/grpc")])
        data = b"\0" + len(message).to_bytes(4, "big") + message
        while data:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            piece, data = data[:room], data[room:]
            if room:
                self.h2.send_data(number, piece, end_stream=not data)
            self.send()
            if data:
                self.receive()
        return self.wait(number)

    def answer(self, number, message):
        """Answers a gRPC method with success."""
        self.h2.send_headers(number, [(":status", "200"), ("content-type", "application/grpc")])
        self.h2.send_data(number, b"\0" + len(message).to_bytes(4, "big") + message)
        self.h2.send_headers(number, [("grpc-status", "0")], end_stream=True)
        self.send()


def upgrade(server, target, headers):
    connection = Connection(str(server.socket))
    head = connection.begin("POST", target, [*headers, ("X-Docker-Expose-Session-Uuid", "made-by-a-test")]).read_head()
    return connection, (head.status, head["Connection"], head["Upgrade"], head["Content-Length"], head["Transfer-Encoding"])


def ask_grpc(server):
    """What BuildKit's API says: of a method that it has, and of one and a service that it has not."""
    connection, head = upgrade(server, "/grpc", H2C)
    with connection:
        http2 = HTTP2(connection, is_client=True)
        workers = http2.call(CONTROL + "ListWorkers")
        assert workers[0][-1] == [(b"grpc-status", b"0")] and b"linux" in workers[1]
        odd = [http2.call(path) for path in ("/grpc.health.v1.Health/Check", CONTROL + "NoSuchMethod")]
        assert all(heads[-1][-1] == (b"grpc-status", b"12") for heads, _ in odd)
        # A long message, of fields that nobody knows.
        assert http2.call(CONTROL + "ListWorkers", b"x" * 3_000_000) == workers
        return [head, workers, *odd]


def open_session(server):
    """A session: the engine is the one that asks, first for the client's health."""
    connection, head = upgrade(server, "/session", H2C)
    with connection:
        http2 = HTTP2(connection, is_client=False)
        asked = http2.wait(1)
        assert (b":path", b"/grpc.health.v1.Health/Check") in asked[0][0]
        http2.answer(1, SERVING)
        # It asks again 5 s after, for as long as the session is there.
        return [head, asked, http2.wait(3)]


def ask_for_no_upgrade(server):
    """What the engine says to those who don't ask for what is there."""
    results = []
    for target in "/session", "/grpc":
        for headers in [("Connection", "Upgrade"), ("Upgrade", "websocket")], []:
            with Connection(str(server.socket)) as connection:
                answer = connection.ask("POST", target, headers, b"")
                assert answer.status in (400, 500)
                results.append((answer.status, answer["Upgrade"], answer["Content-Type"], answer.body))
    return results


# Builds, as commands of a shell.
BUILDS = """
docker build --no-cache --progress plain -t built --build-arg X=y --secret id=word,src=secret context
docker run --rm built cat big | md5sum
docker run --rm built cat note
docker inspect built --format '{{.Config.Cmd}} {{.Config.Labels}} {{.Config.Env}}'
docker build --no-cache -q --target files -o out context > quiet && find out -type f | sort && md5sum < out/big
docker build --no-cache -q --target files -o - context | tar -t
tar -C context -c . | docker build --no-cache -q --build-arg X=z --secret id=word,src=secret -t built - && docker run --rm built cat note
docker build -q - < context/Small
docker build --no-cache --progress plain -f context/Broken context
docker build --no-cache --progress plain -f context/Nothing context
docker build --no-cache -q context/no-such-directory
docker builder prune -af | grep -o '^Total reclaimed space'
""".strip().splitlines()

CONTEXT = {
    "Dockerfile": """FROM busybox AS base
ARG X
LABEL l=m
COPY . /
RUN --mount=type=secret,id=word (echo built $X; wc -c < /run/secrets/word) > /note
CMD ["cat", "/note"]
FROM scratch AS files
COPY --from=busybox /etc/passwd /
COPY big a/b c/
COPY big /
FROM base
""",
    "Small": "FROM busybox\nENV A=b\n",
    "Broken": "FROM busybox\nRUN echo so far; exit 9\n",
    "Nothing": "FROM busybox\nCOPY nothing /\n",
    ".dockerignore": "ignored\n",
    "ignored": "x",
    "a/b": "b\n",
}


def with_buildkit():
    """A docker client that can build with BuildKit: an older one does by itself, a newer one with buildx; or None."""
    for command in dict.fromkeys(filter(None, [shutil.which("docker"), "/usr/bin/docker"])):
        if not os.access(command, os.X_OK):
            continue
        version = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=PATIENCE).stdout
        has_buildx = subprocess.run([command, "buildx", "version"], capture_output=True, timeout=PATIENCE).returncode == 0
        if has_buildx or int(re.search(r"version (\d+)", version).group(1)) < 23:
            return command
    return None


def steady(text):
    """What differs from run to run is taken out: ids, and of the lines that tell how a build goes all but the steps, what they print and
    their errors, without numbers and times, whose order, the empty lines between them, and others depend on how long a step takes."""
    lines = [line for line in re.sub(r"sha256:[0-9a-f]{64}", "ID", text).splitlines() if line]
    told = {re.sub(r"\d+(\.\d+)?(kB|MB|B|s)?", "N", line) for line in lines if line.startswith("#")}
    told = {line for line in told if re.match(r"#N (\[|N |ERROR)", line)}
    return sorted(told) + [line for line in lines if not line.startswith("#")]


def build(server):
    command = with_buildkit()
    if command is None:
        pytest.fail("scripts/engine installs a docker client that can build with BuildKit, and there is none")
    with tempfile.TemporaryDirectory(prefix="dogger-test-") as name:
        directory = pathlib.Path(name)
        (directory / "home/.docker").mkdir(parents=True)
        (directory / "bin").mkdir()
        (directory / "bin/docker").symlink_to(command)
        for path, text in CONTEXT.items():
            (directory / "context" / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / "context" / path).write_text(text)
        (directory / "context/big").write_bytes(hashlib.shake_256(b"big").digest(12_000_000))
        (directory / "secret").write_text("secret")
        client = Docker(directory / "home", server.socket)
        environment = {"DOCKER_BUILDKIT": "1", "PATH": f"{directory}/bin:{os.environ['PATH']}"}
        results = []
        for line in BUILDS:
            result = client.shell("set -o pipefail; " + line, directory, environment)
            results.append((line, result.returncode, *(steady(stream.decode(errors="replace")) for stream in (result.stdout, result.stderr))))
        # What is compared is worth comparing.
        outcomes = {line: (status, out) for line, status, out, _ in results}
        assert [status for status, _ in outcomes.values()] == [0] * 8 + [1] * 3 + [0], results
        carried = hashlib.md5((directory / "context/big").read_bytes()).hexdigest()
        assert outcomes[BUILDS[1]] == (0, [f"{carried}  -"])
        assert outcomes[BUILDS[2]] == (0, ["built y", "6"])
        assert outcomes[BUILDS[4]] == (0, ["out/big", "out/c/b", "out/c/big", "out/passwd", f"{carried}  -"]), outcomes[BUILDS[4]]
        return results


@pytest.fixture(scope="module")
def straight():
    """What came of each work without dogger."""
    return {}


# Builds take their time.
WORK = [(work, way) for work in (ask_grpc, open_session, ask_for_no_upgrade) for way in WAYS] + [(build, way) for way in ("nil", "tap")]


@pytest.mark.parametrize("work,way", WORK)
def test_buildkit_s_clients_see_no_difference(work, way, engine, handlers, serve, straight):
    if work not in straight:
        straight[work] = work(engine)
    dogger = serve([handlers / name for name in WAYS[way]] or None, "--upstream", engine.socket)
    assert work(dogger) == straight[work]

