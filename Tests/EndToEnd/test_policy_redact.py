"""redact.lua in front of a real engine: whatever is asked, no variable's value is told; and a day's work goes on."""

import gzip
import itertools
import json
import subprocess
import time

import pytest
from harness import ROOT, attacks

REDACT = ROOT / "examples/handlers/redact.lua"
SECRET = "s3cr3t"
BUILDFILE = f"""FROM busybox
ENV KEY={SECRET} OTHER="a {SECRET}"
ARG TOKEN
ARG LATER={SECRET}
RUN true
ONBUILD ENV KEY={SECRET}
ONBUILD env low={SECRET}
CMD ["sleep", "1000"]
"""


class Kept:
    """What the engine keeps with the secret in it."""

    def __init__(self, engine, directory):
        self.engine = engine
        assert self.post("/swarm/init", {"ListenAddr": "127.0.0.1:0", "AdvertiseAddr": "127.0.0.1"}).status == 200
        (directory / "Dockerfile").write_text(BUILDFILE)
        environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "DOCKER_HOST": f"unix://{engine.socket}", "DOCKER_BUILDKIT": "0",
            "HOME": str(directory)}
        subprocess.run(["docker", "build", "-q", "-t", "built", "--build-arg", f"TOKEN={SECRET}", directory], env=environment, check=True,
            capture_output=True)
        body = {"Image": "built", "Cmd": ["sh", "-c", "echo said; sleep 1000"],
            "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"env": "KEY"}}},
            "Env": [f"KEY={SECRET}", f"TWO={SECRET}\n{SECRET}", "NOTHING", "EMPTY=", f"A=b={SECRET}"]}
        self.c = self.post("/containers/create?name=web", body).json["Id"]
        self.post("/containers/web/start")
        self.e = self.post("/containers/web/exec", {"Cmd": ["sleep", "1000"], "Env": [f"KEY={SECRET}"]}).json["Id"]
        self.post(f"/exec/{self.e}/start", {"Detach": True})
        self.post("/commit?container=web&repo=committed", {})
        spec = {"Image": "busybox:latest", "Command": ["sh", "-c", "echo said; sleep 1000"], "Env": [f"KEY={SECRET}"]}
        service = {"Name": "srv", "TaskTemplate": {"ContainerSpec": spec}, "Mode": {"Replicated": {"Replicas": 1}}}
        self.s = self.post("/services/create", service).json["ID"]
        version = engine.ask("GET", "/services/srv").json["Version"]["Index"]
        self.post(f"/services/srv/update?version={version}", service | {"Labels": {"a": "b"}})
        deadline = time.monotonic() + 20
        while not engine.ask("GET", "/tasks").json and time.monotonic() < deadline:
            time.sleep(0.01)
        self.t = engine.ask("GET", "/tasks").json[0]["ID"]
        while not engine.ask("GET", "/containers/web/logs?stdout=1").body and time.monotonic() < deadline:
            time.sleep(0.01)
        self.now = int(time.time()) + 1

    def post(self, path, body=None):
        return self.engine.ask("POST", path, body)


@pytest.fixture(scope="module")
def kept(common_engine, tmp_path_factory):
    yield Kept(common_engine, tmp_path_factory.mktemp("context"))
    common_engine.ask("POST", "/swarm/leave?force=1")
    common_engine.clear()


@pytest.fixture
def redact(serve, kept):
    return serve(REDACT, "--upstream", kept.engine.socket, "--quiet")


# What the engine itself tells the secret to.
TELLING = ["/containers/{c}/json", "/containers/web/json", "/containers/web/json?size=1", "/containers/{c:.12}/json",
    "/containers/{c:.4}/json?size=true",
           "/containers/%77eb/json", "/images/built/json", "/images/built:latest/json", "/images/committed/json", "/images/built/history",
           "/images/b%75ilt/history", "/services", "/services/srv", "/services/{s}", "/services/{s:.9}?insertDefaults=true", "/tasks",
           "/tasks/{t}",
           '/tasks?filters={{"service":["srv"]}}', "/containers/web/top?ps_args=axe", "/containers/web/top?ps_args=-ef+e",
           "/containers/web/top?ps_args=e", "/containers/web/logs?stdout=1&details=1",
           "/containers/{c}/logs?details=true&stdout=1&details=0",
           "/containers/{c:.12}/logs?d%65tails=yes&stdout=1&tail=1", "/containers/web/logs?stdout=1&details=%31&timestamps=1"]
# And what it does not, as far as is known.
OTHER = ["/containers/json?all=1", "/containers/json?all=1&size=1", "/exec/{e}/json", "/images/json", "/images/json?all=1&digests=1",
    "/system/df",
         "/system/df?type=container&type=image&verbose=1", "/events?since=1&until={now}", "/info", "/version", "/plugins",
         "/containers/web/changes", "/swarm", "/nodes", "/volumes", "/networks", "/networks/bridge", "/configs", "/secrets",
         "/containers/web/top",
         "/containers/web/top?ps_args=-o+pid,user,args", "/debug/vars", "/containers/ps", "/containers/web", "/images/built"]
HEADERS = [(), [("Accept-Encoding", "gzip")], [("Accept-Encoding", "gzip, deflate, br, zstd, *;q=1")], [("Accept", "text/plain")],
    [("Accept-Charset", "utf-16")],
           [("Connection", "Upgrade"), ("Upgrade", "h2c")], [("Connection", "Upgrade"), ("Upgrade", "tcp")], [("Range", "bytes=0-4000")],
           [("TE", "trailers, gzip")],
           [("Connection", "close, Accept")], [("Content-Type", "application/x-www-form-urlencoded")], [("X-HTTP-Method-Override", "GET")]]


def say(dogger, method, path, headers=(), body=None, version="1.1"):
    """The status and all bytes of the answer, unpacked where they are packed; 0 when the connection was closed."""
    with dogger.connect() as connection:
        try:
            answer = connection.ask(method, path, headers, body, version)
        except (OSError, AssertionError):
            return 0, b""
    data = answer.body
    if answer["Content-Encoding"] == "gzip":
        data = gzip.decompress(data)
    return answer.status, data + repr(answer.headers).encode()


def test_the_engine_itself_tells_all_of_this(kept):
    for path in TELLING:
        assert SECRET in kept.engine.ask("GET", path.format(**vars(kept))).text, path


def test_no_value_is_told(redact, kept):
    answered = count = 0
    for path, prefix, headers in itertools.product(TELLING + OTHER, ("", "/v1.24", "/%76%31%2e41"), HEADERS):
        path = prefix + path.format(**vars(kept))
        status, data = say(redact, "GET", path, headers)
        assert SECRET.encode() not in data, (path, headers, data)
        assert status in (0, 200) or 400 <= status < 500 or status == 503, (path, headers, status, data)
        answered += status == 200
        count += 1
    for path in TELLING + ["/containers/web/stats?stream=0&one-shot=1", "/services/srv/logs?stdout=1", "/tasks/{t}/logs?stdout=1"]:
        for method, version in (("HEAD", "1.1"), ("GET", "1.0"), ("HEAD", "1.0"), ("POST", "1.1"), ("get", "1.1"), ("OPTIONS", "1.1")):
            status, data = say(redact, method, path.format(**vars(kept)), (), b"" if method == "POST" else None, version)
            assert SECRET.encode() not in data and status < 500, (method, path, data)
            count += 1
    assert count > 1500 and answered > 500


def test_no_spelling_of_a_path_tells_one(redact, kept):
    count = 0
    for path in ("/containers/web/json", "/images/built/json", "/images/built/history", "/services/srv", "/tasks",
        "/containers/web/top?ps_args=axe", "/containers/web/logs?stdout=1&details=1"):
        for spelling in attacks.paths(path):
            _, data = say(redact, "GET", spelling)
            assert SECRET.encode() not in data, (spelling, data)
            count += 1
    assert count > 200


PS = ["-ef", "-o pid", "-opid,args", "-o pid,user,args", "e", "axe", "ae", "-e e", "-ef e", "-e  e", "-ef\te", "axeww", "eww", "-A e",
    "-fe e", "--format e e", "-o pid e", "-o pid, e", "-opid e", "-o pid,args e", "o pid e",
      "-o pid,env", "-o environ", "-o pid,environ", "-oenviron", "-o ENV", "-ef;e", "-C sh e", "-p 1 e", "fe", "le", "je", "ue", "ve",
      "xe", "-w e", "-eo pid e", "", " e", "+e",
      "-O e", "-efe", "-ef e e", "-y e", "-o  pid e", "-o pid\ne", "-o pid\x00e", "--no-headers e", "-- e", "-ef --format=cmd e"]


def test_ps_shows_no_environment(redact, kept):
    shown = count = 0
    for arguments in PS:
        text = "".join(f"%{byte:02x}" for byte in arguments.encode())
        for query in ("ps_args=" + text, "ps_args=-ef&ps_args=" + text, f"ps_args={text}&ps_args=-ef", f"ps%5Fargs={text}",
            f"x=1;ps_args={text}", f"ps_args=-ef;ps_args={text}"):
            status, data = say(redact, "GET", "/v1.41/containers/web/top?" + query)
            assert SECRET.encode() not in data, (query, data)
            shown += status == 200
            count += 1
    assert count > 250 and shown > 2


def test_the_names_are_shown_and_all_else_is_as_it_was(redact, kept):
    straight, told = kept.engine.ask("GET", "/containers/web/json").json, redact.get("/containers/web/json").json
    assert sorted(told["Config"].pop("Env")) == ["A=***", "EMPTY=***", "KEY=***", "NOTHING", "OTHER=***", "PATH=***", "TWO=***"]
    assert straight["Config"].pop("Env")
    assert told == straight
    for query in ("details=1&stdout=1", "stdout=1;details=1&stdout=1", "stdout=1"):
        assert redact.get(f"/containers/web/logs?{query}").body[8:] == b"said\n", query
    assert redact.get("/images/built/json").json["Config"]["OnBuild"] == ["ENV ***", "env ***"]
    for path in ("/containers/json", "/images/json", "/plugins", "/system/df", "/info", "/volumes"):
        a, b = kept.engine.ask("GET", path).json, redact.get(path).json
        assert path == "/info" and a["ID"] == b["ID"] or in_order(a) == in_order(b), path


def in_order(value):
    """Images of one second are listed in any order."""
    if isinstance(value, dict):
        return {key: in_order(one) for key, one in sorted(value.items())}
    return sorted(map(in_order, value), key=str) if isinstance(value, list) else value


# What engines of other versions say, and what takes more than a test to come about.
SHAPES = [
    ("/images/x/history", [{"CreatedBy": f"RUN |2 A={SECRET} B=b /bin/sh -c make # buildkit"}, {"CreatedBy": f"ENV A={SECRET}"},
        {"CreatedBy": f"ARG A={SECRET}"},
                           {"CreatedBy": f"|1 A={SECRET} /bin/sh -c make"}, {"CreatedBy": f"/bin/sh -c #(nop)  ENV A={SECRET}"},
                           {"CreatedBy": f"ONBUILD ENV A={SECRET}"},
                           {"CreatedBy": f"env\tA={SECRET}"}, {"CreatedBy": f"ENV A=b \\\n B={SECRET}"},
                           {"CreatedBy": f"/bin/sh -c #(nop) ARG A={SECRET}"}]),
    ("/images/x/json", {"Config": {"Env": [f"A={SECRET}"], "OnBuild": [f"ENV A={SECRET}", f"aRg A={SECRET}"]}, "ContainerConfig": {
        "Cmd": ["|2", f"A={SECRET}", f"B={SECRET}", "/bin/sh", "-c", "make"], "Env": [f"A={SECRET}"]}}),
    ("/containers/x/json", {"Config": {"Env": [f"A={SECRET}", f"B={SECRET}={SECRET}", "C"]}, "Args": ["-c", f"ENV A={SECRET}"]}),
    ("/containers/json", [{"Command": f"/bin/sh -c '#(nop) ENV A={SECRET}'"}, {"Command": f"|1 A={SECRET} sh"}]),
    ("/plugins", [{"Config": {"Env": [{"Name": "A", "Value": SECRET, "Settable": ["value"]}]}, "Settings": {"Env": [f"A={SECRET}"]}}]),
    ("/plugins/a/b:c/json", {"Config": {"Env": [{"Name": "A", "Value": SECRET}]}, "Settings": {"Env": [f"A={SECRET}"]}}),
    ("/services/x", {"Spec": {"TaskTemplate": {"ContainerSpec": {"Env": [f"A={SECRET}"]}, "PluginSpec": {"env": [f"A={SECRET}"]}}},
                     "PreviousSpec": {"TaskTemplate": {"ContainerSpec": {"Env": [f"A={SECRET}"]}}}}),
    ("/tasks/x", {"Spec": {"ContainerSpec": {"Env": [f"A={SECRET}"]}, "PluginSpec": {"env": [f"A={SECRET}"]}}}),
    ("/tasks", [{"Spec": {"ContainerSpec": {"Env": [f"A={SECRET}"]}}}]),
    ("/exec/x/json", {"ProcessConfig": {"env": ["A"], "Env": [f"A={SECRET}"]}}),
    ("/system/df", {"Containers": [{"Command": f"ENV A={SECRET}"}], "BuildCache": [{"Description": "mount / from exec"}]}),
]


@pytest.mark.parametrize("path, document", SHAPES)
@pytest.mark.parametrize("encoding", ["plain", "pretty", "chunks", "gzip", "escapes"])
def test_every_form_that_an_engine_may_use(serve, write, directory, path, document, encoding):
    text = json.dumps(document, indent=4 if encoding == "pretty" else None)
    if encoding == "escapes":
        text = text.replace("Env", "\\u0045nv").replace("env", "\\u0065nv").replace(SECRET, SECRET.replace("s", "\\u0073"))
    (directory / "body").write_bytes(gzip.compress(text.encode()) if encoding == "gzip" else text.encode())
    send = {"chunks": "body = function(out) out:write(body:sub(1, 20)) out:write(body:sub(21)) end",
        "gzip": "body = body, headers = { ['Content-Encoding'] = 'gzip' }"}
    answer = send.get(encoding, "body = body")
    engine = serve(f"local body = require('dogger').read_file('body') return function() return {{ {answer} }} end")
    redact = serve(REDACT, "--upstream", engine.socket)
    status, data = say(redact, "GET", "/v1.50" + path, [("Accept-Encoding", "gzip")])
    assert SECRET.encode() not in data and b"s3cr" not in data, data
    assert status == (500 if encoding == "gzip" else 200)


DAY = """
docker run --rm -e A=b busybox sh -c 'test "$A" = b'
docker run -d --name day -e A=b -v data:/data busybox sh -c 'echo started; sleep 1000'
docker inspect day --format '{{.Config.Env}}' | grep -F '[A=*** PATH=***]'
docker exec -e C=d day sh -c 'echo $C' | grep d && echo a | docker exec -i day cat
docker logs day && docker logs --details day
docker top day && docker top day -o pid,args && docker stats --no-stream day && docker diff day
timeout 1 docker logs -f --tail 1 day || test $? = 124
docker cp file day:/data && docker cp day:/data/file - | tar -xO
docker ps -a --no-trunc --size && docker images && docker image inspect built && docker history --no-trunc built
docker system df -v && docker info && docker version
docker service ls && docker service ps srv && docker service inspect --pretty srv && docker plugin ls && docker node ls
DOCKER_BUILDKIT=0 docker build -t again . && docker commit day image && docker events --since 1m --until 0s
docker volume ls && docker network ls && docker rm -f day && docker volume rm data && docker rmi image again
"""


def test_a_day_s_work_is_done(redact, kept, docker, directory, docker_py):
    (directory / "Dockerfile").write_text("FROM busybox\nENV A=b\nRUN test $A = b\n")
    (directory / "file").write_text("carried\n")
    client = docker(redact)
    for command in DAY.strip().splitlines():
        done = client.shell(command, directory)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert SECRET.encode() not in done.stdout
    client = docker_py(redact)
    for kind in (client.containers, client.images, client.services):
        assert SECRET not in json.dumps([one.attrs for one in kind.list()])
    assert client.containers.get("web").exec_run("echo inside").output == b"inside\n"
