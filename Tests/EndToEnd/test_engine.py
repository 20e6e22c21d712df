"""A real engine behind dogger: its clients see the same with dogger between as without."""

import fcntl
import gc
import io
import os
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import PATIENCE, Docker, Dogger, Engine

# A day's work with the docker client, as commands of a shell; each one's output and status are compared. What differs from run to
# run is taken out of all: ids, times, addresses. A ~ in front takes out every number, for what is measured; a ! is before what no tape
# gives again, since it is longer than bodies on it are, secret, or in need of such a one.
DAY = """
docker version
docker info | sed 's/ [^ ]*runc[^ ]*//g'
docker ps -a
docker ps -a --filter name=x --filter status=exited
docker images --no-trunc
docker images -a --filter dangling=true busybox
docker run --rm busybox echo hello
docker run --rm busybox sh -c 'echo out; echo err >&2; exit 7'
docker run --rm busybox no-such-command
docker run --rm no-such-image
printf 'one\\ntwo\\n' | docker run --rm -i busybox cat
docker run --rm -i busybox wc -c < big
docker run --rm -i busybox head -c 5 < big
docker run --rm -t busybox sh -c 'test -t 1 && echo a terminal'
docker run -d --name web -p 127.0.0.1:8080:80 -e A=b -l k=v -v data:/data busybox httpd -f -p 80
docker run --name job busybox sh -c 'echo one; echo two >&2; exit 3'
docker create --name later busybox echo started
docker start -a later
docker start later job
docker wait job
docker ps -a
docker ps -aq
docker ps --filter label=k=v --format '{{.Names}} {{.Image}} {{.Command}} {{.Ports}} {{.Labels}}'
docker ps -s -n 2 --no-trunc
docker inspect web
docker inspect -s --format '{{.SizeRw}} {{.Config.Env}}' web
docker inspect --type image busybox
docker inspect no-such-thing
docker logs job 2>&1 | sort
docker logs --tail 1 --timestamps later
docker run -d --name ticker busybox sh -c 'for i in 1 2 3; do echo tick $i; sleep 0.05; done' && docker logs -f ticker
docker logs --since 1h ticker
docker logs -f --tail 2 --since 10m -t ticker
docker exec web ls /
docker exec web sh -c 'echo out; echo err >&2; exit 3'
docker exec -i web wc -c < big
docker exec -i web cat < upfile
docker exec -t web sh -c 'test -t 1 && echo a terminal'
docker exec -e B=c -w /tmp -u 1:1 web sh -c 'echo $B; pwd; id -u'
docker exec -d web touch /made
docker exec no-such-container ls
docker run -di --name reader busybox sh -c 'head -n 1; exit 4'
(echo a line; docker wait reader >status) | docker attach reader && cat status
docker create -i --name twoways busybox sh -c 'read a; echo got $a; read b; echo got $b >&2; exit 5'
printf 'x\\ny\\n' | docker start -ai twoways
docker attach job
~docker top web -o pid,comm,args
docker top web -o comm
docker port web
~docker stats --no-stream web
docker cp upfile web:/there
docker cp web:/there - | tar -xO
docker cp web:/there back && cat back
tar -c upfile big | docker cp - web:/tmp
!docker cp web:/tmp/big - | tar -xO | cmp - big
docker cp web:/no/such/file .
docker cp no-such-container:/file .
docker diff web | sort
docker commit -m message -a author -c 'ENV C=d' web saved:1
docker history saved:1
docker tag saved:1 saved:2
docker images saved
!docker save busybox | tar -xO --wildcards '*/layer.tar' | sha256sum
!docker save saved:1 -o saved.tar
docker rmi saved:1 saved:2
!docker load -i saved.tar
!docker load < saved.tar
!docker load < upfile
!docker save busybox saved:1 | tar -t | grep -c layer.tar
!docker export web | tar -t | sort | grep -v ^dev
!docker export web | docker import - imported:1
!docker export -o exported.tar web && docker import -m message -c 'ENV E=f' exported.tar imported:2
docker rmi -f imported:2
docker run --rm imported:1 cat /there
DOCKER_BUILDKIT=0 docker build -t built context
DOCKER_BUILDKIT=0 docker build -q --build-arg X=1 --label l=m context
DOCKER_BUILDKIT=0 docker build -f context/Broken context
docker run --rm built
docker image inspect built --format '{{.Config.Cmd}} {{.Config.Labels}}'
docker pause web
docker ps --format '{{.Status}}' --filter name=web
docker exec web ls
docker unpause web
docker update --memory 64m --memory-swap 64m web
docker rename web site
docker restart -t 0 site
docker kill -s KILL site
docker kill site
docker start site
docker kill -s HUP site
docker stop -s TERM -t 0 site
docker start site
docker stop -t 0 site
docker rm site
docker run -d --name site -v data:/data busybox sleep 1000
docker rm site
docker rm -f -v site
docker network create --label a=b net1
docker network ls --no-trunc --filter name=net1
docker network inspect net1
docker run -d --name peer --network net1 busybox sleep 1000
docker run --rm --network net1 busybox ping -c 1 -w 5 -q peer | head -n 2
docker network connect --alias other bridge peer
docker network connect --alias other net1 twoways
docker network disconnect -f net1 peer
docker network rm net1
docker network rm no-such-network
docker volume create --label a=b volume1
docker volume ls
docker volume inspect volume1
docker run --rm -v volume1:/v busybox sh -c 'echo kept > /v/file'
docker run --rm -v volume1:/v:ro busybox sh -c 'cat /v/file; touch /v/other'
docker volume rm volume1 no-such-volume
~docker system df
docker system df -v | grep -c .
docker events --since 60m --until 0s --filter container=job --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'
docker pull no-such-registry.invalid/image
docker push saved:1
docker push -a saved
docker search busybox
docker login -u user -p password no-such-registry.invalid
docker logout no-such-registry.invalid
!docker swarm init --advertise-addr 127.0.0.1 > token && grep -c SWMTKN token
docker node ls --format '{{.Status}} {{.Availability}} {{.ManagerStatus}}'
docker service create -q --detach --no-resolve-image --replicas 0 --name server busybox echo served
docker service ls --format '{{.Name}} {{.Mode}} {{.Image}}'
docker service inspect server --format '{{.Spec.Name}} {{.Spec.TaskTemplate.ContainerSpec.Args}}'
docker service rm server
docker secret ls
docker config ls
echo secret | docker secret create word -
echo setting | docker config create setting -
docker config inspect setting --pretty
docker stack ls
docker swarm leave --force
docker node ls
docker plugin ls
docker checkpoint ls peer
docker context ls --format '{{.Name}}'
docker container prune -f
docker image prune -f
docker image prune -af | cut -c 1-15 | sort
docker volume prune -af
docker network prune -f
docker builder prune -f
docker rm -f peer
docker system prune -f --volumes
""".strip().splitlines()

CHANGING = [
    (r"\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b", "ID"),     # by chance of digits only, or of letters only
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4}| ?Z)?( UTC)?", "TIME"),
    (r"(\d+|About an?|Less than a) (second|minute|hour)s?( ago)?", "AWHILE"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b", "MAC"),
    (r"\b(172|127|10|192)(\.\d+){3}(:\d+|/\d+)?", "ADDRESS"),
    (r'"Pid": \d+', '"Pid": PID'),
    (r"\b[0-9A-Z]{4}(:[0-9A-Z]{4}){11}\b", "KEY"),
    (r"\b[0-9a-z]{25}\b", "SWARMID"),
    (r"/tmp/dogger-\S*", "PATH"),
    (r"\S+\.sock\b", "SOCKET"),
    (r" +", " "),
]


def steady(text, measured=False):
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return re.sub(r"[\d.]+", "N", text) if measured else text


def day(client, directory):
    """The results of the day's commands."""
    (directory / "context").mkdir()
    (directory / "upfile").write_text("carried\n")
    (directory / "big").write_bytes(bytes(range(256)) * 12000)
    (directory / "context/Dockerfile").write_text(
        'FROM busybox\nARG X\nENV E=f\nRUN echo built $E | tee /file >&2\nCMD ["cat", "/file"]\n')
    (directory / "context/Broken").write_text("FROM busybox\nRUN echo so far; exit 9\n")
    results = []
    for line in DAY:
        command, measured = line.lstrip("~!"), line.startswith("~")
        result = subprocess.run(
            ["bash", "-c", "set -o pipefail; " + command], cwd=directory, env=client.environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60)
        out, err = (steady(stream.decode(errors="replace"), measured) for stream in (result.stdout, result.stderr))
        results.append(f"$ {command}\n{out}{err}[{result.returncode}]")
    return results


class Terminal:
    """A command in a terminal of 24 lines of 80 characters."""

    def __init__(self, client, *arguments):
        self.master, slave = os.openpty()
        self.resize(24, 80)
        self.process = client.start(*arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.transcript = b""
        self.seen = 0

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self, text):
        while (found := self.transcript.find(text, self.seen)) < 0:
            assert select.select([self.master], [], [], PATIENCE)[0], self.transcript
            self.transcript += os.read(self.master, 4096)
        self.seen = found + len(text)

    def type(self, data):
        os.write(self.master, data)

    def end(self):
        """What was on the screen, and the exit status."""
        status = self.process.wait(PATIENCE)
        try:
            while data := os.read(self.master, 4096):
                self.transcript += data
        except OSError:     # EIO: nobody has the other end
            pass
        os.close(self.master)
        return self.transcript, status


SHELL = """
trap 'echo interrupted; exit 6' INT
size() { until [ "$(stty size 2>/dev/null)" = "$1" ]; do sleep 0.02; done; echo "size $1"; }
size "24 80"; read word; echo "got $word"; size "30 90"; while :; do sleep 0.05; done
"""


def sit_at_a_terminal(client, *arguments):
    terminal = Terminal(client, *arguments, "busybox" if arguments[0] == "run" else "box", "sh", "-c", SHELL)
    terminal.wait(b"size 24 80\r\n")
    terminal.type(b"w\xc3\xb6rd\r")
    terminal.wait("got wörd\r\n".encode())
    terminal.resize(30, 90)
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.wait(b"size 30 90\r\n")
    terminal.type(b"\x03")
    return terminal.end()


def detach(client):
    terminal = Terminal(client, "attach", "tty")
    client("exec", "box", "true")
    terminal.type(b"\r")
    terminal.wait(b"# ")
    terminal.type(b"\x10\x11")
    screen, status = terminal.end()
    return screen.endswith(b"read escape sequence\r\n"), status      # how often the prompt is drawn is up to chance


def terminals(client, directory):
    """What is on the screens of `run -it`, `exec -it` and an attached shell that is left with Ctrl-P Ctrl-Q."""
    client("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    client("run", "-dit", "--name", "tty", "busybox", "sh")
    results = [sit_at_a_terminal(client, "run", "--rm", "-it"), sit_at_a_terminal(client, "exec", "-it"), detach(client)]
    assert [status for _, status in results[:2]] == [6, 6]
    assert client("inspect", "-f", "{{.State.Status}}", "tty").stdout == b"running\n"
    return results


def lines_until(process, last):
    """The lines of a process's output up to one with `last` in it."""
    lines = []
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if last in line:
                return lines
    finally:
        timer.cancel()
    raise AssertionError(f"no {last} before the end: {lines}")


def end(process):
    process.kill()      # docker stats does not care for less
    process.communicate()


def streams(client, directory):
    """What goes on until somebody ends it: events, stats and attached output, while things happen."""
    running = []

    def start(*arguments):
        running.append(client.start(*arguments))
        return running[-1]

    try:
        return watch(client, start)
    finally:
        for process in running:
            end(process)


def watch(client, start):
    results = []
    events = start("events", "--since", "1h", "--filter", "container=live", "--format", "{{.Action}}")
    command = "echo begun; until [ -e /go ]; do sleep 0.02; done; echo said; exit 3"
    assert client("run", "-d", "--name", "live", "busybox", "sh", "-c", command).returncode == 0
    results.append(lines_until(events, b"start"))
    logs = start("logs", "-f", "live")
    results.append(lines_until(logs, b"begun"))
    for arguments in ["live"], []:
        stats = start("stats", *arguments)
        # The screen is drawn anew each time.
        for _ in range(3):
            lines_until(stats, b" live ")
        end(stats)
    attached = start("attach", "--no-stdin", "live")
    results.append(lines_until(events, b"attach"))
    client("exec", "live", "touch", "/go")
    results += [(process.communicate(timeout=PATIENCE), process.returncode) for process in (attached, logs)]
    client("rm", "live")
    # How the exec's end and the container's end are told in order is up to chance.
    results.append([line for line in lines_until(events, b"destroy") if not line.startswith(b"exec_")])
    return results


def docker_py(client, directory):
    """What docker-py's calls give: those that hijack, stream, and carry tars."""
    docker = pytest.importorskip("docker")
    client = docker.DockerClient(base_url=f"unix://{client.socket}", version="auto", timeout=PATIENCE)
    results = []

    def note(value):
        results.append(value)
        return value

    note(client.ping())
    note(client.containers.run("busybox", ["sh", "-c", "echo out; echo err >&2"], remove=True, stderr=True).splitlines().sort())
    try:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 3"], remove=True)
    except docker.errors.ContainerError as error:
        note((error.exit_status, error.stderr))
    box = client.containers.run("busybox", ["sleep", "1000"], name="py", detach=True, labels={"a": "b"})
    note([c.name for c in client.containers.list(filters={"label": "a=b"})])
    note(box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True))
    note(b"".join(box.exec_run(["seq", "1", "20000"], stream=True).output))
    note(box.exec_run(["tty"], tty=True))
    # A raw connection: written to, half-closed, read to its end.
    number = client.api.exec_create("py", ["wc", "-c"], stdin=True)["Id"]
    raw = client.api.exec_start(number, socket=True)
    raw._sock.sendall(b"x" * 100_000)
    raw._sock.shutdown(socket.SHUT_WR)
    note(raw.read())
    raw.close()
    note(client.api.exec_inspect(number)["ExitCode"])
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo("carried")
        entry.size = 3_000_000
        tar.addfile(entry, io.BytesIO(b"y" * entry.size))
    note(box.put_archive("/tmp", stream.getvalue()))
    chunks, stat = box.get_archive("/tmp/carried")
    note((stat["name"], stat["size"]))
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        note(tar.extractfile("carried").read() == b"y" * 3_000_000)
    talker = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.05; done"], name="talker", detach=True)
    note(b"".join(talker.logs(stream=True, follow=True)))
    note(talker.wait())
    reader = client.containers.create("busybox", ["sh", "-c", "read a; echo got $a"], name="reader", stdin_open=True)
    attached = reader.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    reader.start()
    attached._sock.sendall(b"word\n")
    note(attached.read())
    attached.close()
    since = int(time.time()) - 3600
    events = client.events(since=since, until=int(time.time()) + 1, decode=True, filters={"container": talker.id})
    note([(event["Type"], event["Action"]) for event in events])
    # The same while they happen.
    events = client.events(since=since, decode=True, filters={"container": "pylive"})
    live = client.containers.create("busybox", ["sh", "-c", "read a; echo got $a; exit 2"], name="pylive", stdin_open=True)
    note(next(events)["Action"])
    output = live.attach(stream=True, logs=True)
    note(next(events)["Action"])
    live.start()
    note(next(events)["Action"])
    raw = live.attach_socket(params={"stdin": 1, "stream": 1})
    note(next(events)["Action"])
    raw._sock.sendall(b"word\n")
    note(b"".join(output))
    note((live.wait(), next(events)["Action"]))
    raw.close()
    events.close()
    samples = box.stats(stream=True, decode=True)
    note([sorted(next(samples)) for _ in range(2)])
    samples.close()
    note(sorted(box.top()))
    box.exec_run(["touch", "/made"])
    note(sorted(change["Path"] for change in box.diff()))
    with tarfile.open(fileobj=io.BytesIO(b"".join(box.export()))) as tar:
        note(sorted(name for name in tar.getnames() if not name.startswith("dev")))
    box.pause()
    box.reload()
    note(box.status)
    box.unpause()
    box.rename("other")
    note(box.update(mem_limit="64m", memswap_limit="64m"))
    box.restart(timeout=0)
    box.kill()
    note((box.wait(), client.containers.get("other").status))
    box.start()
    box.stop(timeout=0)
    box.start()
    note(sorted(client.info())[:5] + sorted(client.df()))
    network = client.networks.create("pynet", driver="bridge")
    network.connect(box, aliases=["alias"])
    network.reload()
    note([n.name for n in client.networks.list(names=["pynet"])])
    note(client.containers.run("busybox", ["ping", "-c", "1", "-w", "5", "-q", "alias"], network="pynet", remove=True).splitlines()[2:4][0])
    note([c.name for c in network.containers])
    network.disconnect(box)
    network.remove()
    volume = client.volumes.create("pyvolume", labels={"a": "b"})
    note(volume.attrs["Labels"])
    mounted = {"pyvolume": {"bind": "/v", "mode": "rw"}}
    client.containers.run("busybox", ["sh", "-c", "echo kept > /v/file"], volumes=mounted, remove=True)
    note(client.containers.run("busybox", ["cat", "/v/file"], volumes=mounted, remove=True))
    note([v.name for v in client.volumes.list(filters={"label": "a=b"})])
    volume.remove()
    image = box.commit("py", "saved")
    saved = b"".join(image.save(named="py:saved"))
    client.images.remove("py:saved")
    note([i.tags for i in client.images.load(saved)])
    note(client.images.get("py:saved").attrs["Config"]["Cmd"])
    note([sorted(layer) for layer in client.images.get("py:saved").history()])
    note(client.images.get("py:saved").tag("py", "again"))
    note(sorted(tag for i in client.images.list("py") for tag in i.tags))
    client.images.remove("py:again")
    image, log = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo built"), rm=True, nocache=True)
    note([steady(line.get("stream", "")) for line in log])
    try:
        client.containers.get("no-such-container")
    except docker.errors.NotFound as error:
        note(error.explanation)
    client.close()
    gc.collect()    # docker-py leaves the sockets of streams and hijacks to the collector; open ones are requests under way
    return results


WAYS = {"straight": None, "no handler": [], "forward.lua": ["forward.lua"], "header.lua": ["header.lua"], "record": "record"}
WORK = [day, streams, terminals, docker_py]
TAPED = WORK[:2]
"""What a tape of it all gives again: its beginning, for answers come in the order in which they were recorded."""


def outcome(work, place, socket):
    """The results of a work, or the exception with which it failed."""
    (place / "home/.docker").mkdir(parents=True)
    try:
        return work(Docker(place / "home", socket), place)
    except (Exception, pytest.skip.Exception) as error:
        return error


def do_all(handlers, root):
    """The outcomes of all the work on an engine of its own; of what a tape gave again, by the work's name."""
    results = {}
    with tempfile.TemporaryDirectory(prefix="dogger-test-") as name:
        directory = pathlib.Path(name)
        engine = Engine()
        dogger = None
        try:
            socket = engine.socket
            if handlers is not None:
                socket = directory / "dogger.sock"
                recorded = ["record", "-o", "tape.lua", "--har", "tape.har"]
                command = recorded if handlers == "record" else ["run", *(root / "handlers" / handler for handler in handlers)]
                dogger = Dogger([*command, "--socket", socket, "--upstream", engine.socket], directory, socket)
                dogger.wait(r"^dogger: (serving|recording) .* on unix:")
            for work in WORK:
                results[work] = outcome(work, directory / work.__name__, socket)
                engine.clear()
            if handlers == "record":
                dogger.stop()
                tape = directory / "tape.lua"
                # With a tenth of the pauses, to save time.
                tape.write_text(tape.read_text().replace("local SPEED = 1\n", "local SPEED = 10\n"))
                dogger = Dogger(["run", tape, "--socket", socket], directory, socket).ready()
                for work in TAPED:
                    results[work.__name__] = outcome(work, directory / f"replayed-{work.__name__}", socket)
        finally:
            if dogger:
                dogger.stop()
            engine.stop()
    return results


@pytest.fixture(scope="module")
def results(common_engine):
    """All the work, each way; at the same time, since most of it is waiting."""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        root = pathlib.Path(__file__).parent
        return dict(zip(WAYS, pool.map(lambda way: do_all(way, root), WAYS.values()), strict=True))


def compare(one, other, names, but=()):
    """Fails where two outcomes of one work are not the same, or one failed."""
    for result in one, other:
        if isinstance(result, BaseException):
            raise result
    different = [pair for n, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1] and n not in but]
    assert not different, "\n".join(f"{name}: {result}" for pair in different for name, result in zip(names, pair, strict=True))


@pytest.mark.parametrize("way", list(WAYS)[1:])
@pytest.mark.parametrize("work", WORK)
def test_a_client_sees_no_difference(work, way, results):
    compare(results["straight"][work], results[way][work], ["straight", "through dogger"])


@pytest.mark.parametrize("work", TAPED)
def test_a_tape_gives_it_again(work, results):
    missing = [n for n, line in enumerate(DAY) if line.startswith("!")] if work is day else []
    compare(results["record"][work], results["record"][work.__name__], ["recorded", "replayed"], missing)
