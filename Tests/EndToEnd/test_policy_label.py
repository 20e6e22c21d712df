"""label.lua in front of a real engine: whatever is tried, nothing is made without the label, or with another's."""

import contextlib
import io
import json
import tarfile

import pytest
from harness import ROOT, Connection, acting_as, attacks, open_to_all

LABEL = ROOT / "examples/handlers/label.lua"
JSON = [("Content-Type", "application/json")]
TAR = [("Content-Type", "application/x-tar")]
BOB = 41002
NAME = "dogger.made-by"
FORGED = {NAME: "root"}
PLAIN = {"Image": "busybox", "Cmd": ["sleep", "1000"]}
SPEC = {"Image": "busybox", "Command": ["sleep", "1000"]}
SERVICE = {"Name": "new", "Mode": {"Replicated": {"Replicas": 0}}, "TaskTemplate": {"ContainerSpec": SPEC}}


def host(**settings):
    return PLAIN | {"HostConfig": settings}


def service(**spec):
    return SERVICE | {"TaskTemplate": {"ContainerSpec": SPEC | spec}}


def volume(**settings):
    return {"Type": "volume", "Target": "/v"} | settings


# What makes something: the path, a body that says a label, the same without one.
MAKING = {
    "a container": ("/containers/create", PLAIN | {"Labels": FORGED}, PLAIN),
    "a container with other labels": ("/containers/create", PLAIN | {"Labels": {"a": "b"} | FORGED}, PLAIN | {"Labels": {"a": "b"}}),
    "a container of an image that says it": ("/containers/create", PLAIN | {"Image": "liar", "Labels": {"a": "b"}}, PLAIN),
    "a volume": ("/volumes/create", {"Name": "new", "Labels": FORGED}, {"Name": "new"}),
    "a volume without a name": ("/volumes/create", {"Labels": FORGED}, {}),
    "a network": ("/networks/create", {"Name": "new", "Labels": FORGED}, {"Name": "new"}),
    "a config": ("/configs/create", {"Name": "new", "Data": "eA==", "Labels": FORGED}, {"Name": "new", "Data": "eA=="}),
    "a secret": ("/secrets/create", {"Name": "new", "Data": "eA==", "Labels": FORGED}, {"Name": "new", "Data": "eA=="}),
    "a service": ("/services/create", SERVICE | {"Labels": FORGED}, SERVICE),
    "a service's containers": ("/services/create", service(Labels=FORGED), SERVICE),
    "a service's volumes": ("/services/create", service(Mounts=[volume(Source="s", VolumeOptions={"Labels": FORGED})]), SERVICE),
    "a service's volumes, in capitals": ("/services/create", service(Mounts=[
        volume(Type="VOLUME", Source="s", VolumeOptions={"Labels": FORGED})]), SERVICE),
    "a service's volumes, in some": ("/services/create", service(Mounts=[volume(Type="Volume", Source="s")]), SERVICE),
    "a volume, by a bind": ("/containers/create", host(Binds=["new:/v"]), PLAIN),
    "a volume, by a bind as old clients wrote it": ("/containers/create", PLAIN | {"Binds": ["new:/v"]}, PLAIN),
    "volumes, by binds": ("/containers/create", host(Binds=["/anonymous", "one:/v:ro", "two:/w"], VolumeDriver="local"), PLAIN),
    "a volume, by a mount": ("/containers/create", host(Mounts=[volume(Source="new")]), PLAIN),
    "a volume, by a mount that says it": ("/containers/create", host(Mounts=[volume(Source="new", VolumeOptions={"Labels": FORGED})]),
        PLAIN),
    "a volume without a name, by a mount that says it": ("/containers/create", host(Mounts=[volume(VolumeOptions={"Labels": FORGED})]),
        PLAIN),
    "a volume with options": ("/containers/create", host(Mounts=[volume(Source="new", VolumeOptions={
        "Labels": FORGED, "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}}})]), PLAIN),
}


def made(engine):
    """What the engine has, except what was there: kind, name and labels, told by the engine, not by the policy."""
    found = []
    anonymous = []
    for listed in engine.ask("GET", "/containers/json?all=1").json:
        container = engine.ask("GET", f"/containers/{listed['Id']}/json").json
        anonymous += [mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/anonymous"]
        found.append(("containers", listed["Id"], container["Config"]["Labels"]))
    found += [("volumes", one["Name"], one["Labels"]) for one in engine.ask("GET",
        "/volumes").json["Volumes"] or [] if one["Name"] not in anonymous]
    found += [("networks", one["Id"], one["Labels"]) for one in engine.ask("GET", "/networks").json
              if one["Name"] not in ("bridge", "host", "none", "ingress", "docker_gwbridge")]
    for kind in ("configs", "secrets", "services"):
        found += [(kind, one["ID"], one["Spec"].get("Labels")) for one in engine.ask("GET", f"/{kind}").json]
    for one in engine.ask("GET", "/services").json:
        spec = one["Spec"]["TaskTemplate"]["ContainerSpec"]
        found.append(("services", one["ID"], spec.get("Labels")))
        found += [("services", one["ID"], mount.get("VolumeOptions", {}).get("Labels")) for mount in spec.get("Mounts", [])]
    return found + images(engine)


def images(engine):
    return [("images", tag, engine.ask("GET", f"/images/{tag}/json").json["Config"]["Labels"])
            for image in engine.ask("GET", "/images/json").json for tag in image["RepoTags"] or []
            if tag not in ("busybox:latest", "liar:latest", "<none>:<none>")]


def remove(engine, found):
    for kind, name, _ in found:
        engine.ask("DELETE", f"/{kind}/{name}?force=1&v=1")


@contextlib.contextmanager
def all_is_bob_s(engine, what):
    """Whatever is made within says that bob made it."""
    yield
    found = made(engine)
    for kind, name, labels in found:
        assert (labels or {}).get(NAME) == str(BOB), (what, kind, name, labels)
    remove(engine, found)


@pytest.fixture(scope="module")
def swarm(common_engine):
    """An engine that is a swarm of one, with an image whose label says that root made it."""
    answer = common_engine.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:0", "AdvertiseAddr": "127.0.0.1"})
    assert answer.status == 200, answer
    number = common_engine.ask("POST", "/containers/create", PLAIN).json["Id"]
    common_engine.ask("POST", f"/commit?container={number}&repo=liar", {"Labels": FORGED})
    common_engine.ask("DELETE", f"/containers/{number}")
    yield common_engine
    common_engine.ask("POST", "/swarm/leave?force=1")
    common_engine.clear()


@pytest.fixture
def label(serve, swarm):
    dogger = serve(LABEL, "--upstream", swarm.socket, "--quiet")
    open_to_all(dogger)
    return dogger


def ask(dogger, method, target, headers=(), body=None):
    """The status of one request of bob's; 0 when the connection was closed."""
    with acting_as(BOB):
        connection = dogger.connect()
    with connection:
        try:
            return connection.ask(method, target, headers, body).status
        except (OSError, AssertionError):
            return 0


def test_the_engine_itself_would_believe_all_of_this(swarm):
    for what, (path, body, _) in MAKING.items():
        answer = swarm.ask("POST", path, body)
        assert answer.status in (200, 201), (what, answer)
        found = made(swarm)
        assert found and not all((labels or {}).get(NAME) == str(BOB) for _, _, labels in found)
        remove(swarm, found)


@pytest.mark.parametrize("what", MAKING)
def test_no_spelling_of_a_body_makes_anything_else(label, swarm, what):
    path, evil, harmless = MAKING[what]
    passed = 0
    for spelling, headers, data in attacks.bodies(evil, harmless):
        with all_is_bob_s(swarm, (what, spelling)):
            status = ask(label, "POST", "/v1.41" + path, headers, data)
            assert status in (0, 200, 201) or 400 <= status < 500, (what, spelling, status)
        passed += status in (200, 201)
    assert passed > 3


def test_no_volume_is_made_before_its_container(serve, write, swarm):
    """It could be removed in between, and the engine would make one without a label."""
    behind = write('return function(req) if req.path:find("/containers/create") then return { status = 418 } end end', "behind.lua")
    dogger = serve([LABEL, behind], "--upstream", swarm.socket, "--quiet")
    open_to_all(dogger)
    for what, (path, body, _) in MAKING.items():
        if path == "/containers/create":
            assert ask(dogger, "POST", path, JSON, json.dumps(body)) == 418, what
    assert made(swarm) == []


def test_binds_and_mounts_are_still_what_was_asked_for(label, swarm):
    settings = {"Binds": ["one:/a", "two:/b:ro", "three:/c:rw,nocopy", "/tmp:/d:ro", "/e"], "VolumeDriver": "local",
        "Mounts": [volume(Source="four", ReadOnly=True), {"Type": "tmpfs", "Target": "/t"}]}
    with all_is_bob_s(swarm, settings):
        assert ask(label, "POST", "/containers/create?name=web", JSON, json.dumps(host(**settings))) == 201
        container = swarm.ask("GET", "/containers/web/json").json
        mounts = {one["Destination"]: (one["Type"], one.get("Name"), one["RW"]) for one in container["Mounts"]}
        assert mounts.pop("/e")[0] == "volume"
        assert mounts == {"/a": ("volume", "one", True), "/b": ("volume", "two", False), "/c": ("volume", "three", True),
            "/d": ("bind", None, False), "/v": ("volume", "four", False), "/t": ("tmpfs", None, True)}, mounts
        assert container["HostConfig"]["Binds"] == ["/tmp:/d:ro", "/e"]
        swarm.ask("DELETE", "/containers/web?v=1")
    for option in ("Z", "ro,rshared", "x"):
        assert ask(label, "POST", "/containers/create", JSON, json.dumps(host(Binds=[f"one:/a:{option}"]))) == 403
    assert made(swarm) == []


STARTING = [{"Binds": ["new:/v"]}, {"Mounts": [volume(Source="new", VolumeOptions={"Labels": FORGED})]},
            {"Mounts": [volume(VolumeOptions={"Labels": FORGED})]}]


@pytest.mark.parametrize("evil", STARTING)
def test_no_old_client_s_start_makes_anything_else(label, swarm, evil):
    """Up to API 1.23 the HostConfig could come with the start, and engines that know it take it still."""
    own = host(NetworkMode="none") | {"Labels": {NAME: str(BOB)}}
    number = swarm.ask("POST", "/containers/create", own).json["Id"]
    assert swarm.ask("POST", f"/v1.23/containers/{number}/start", evil).status == 204
    assert not all((labels or {}).get(NAME) == str(BOB) for _, _, labels in made(swarm))      # the engine itself falls for it
    remove(swarm, made(swarm))
    tried = [("/v1.23", *one) for one in attacks.bodies(evil, {})]
    tried += [(version, "plain", JSON, json.dumps(evil)) for version in ("", "/v1.12", "/v1.20", "/v1.24", "/v1.41", "/%76%31%2e23")]
    for version, spelling, headers, data in tried:
        number = swarm.ask("POST", "/containers/create", own).json["Id"]
        with all_is_bob_s(swarm, (version, spelling)):
            status = ask(label, "POST", f"{version}/containers/{number}/start", headers, data)
            assert status in (0, 204) or 400 <= status < 500, (version, spelling, status)
            assert [kind for kind, _, _ in made(swarm)] == ["containers"]


@pytest.mark.parametrize("alias", ["alias", "x/" * 70 + "x"], ids=["short", "deep"])
@pytest.mark.parametrize("evil", STARTING)
def test_no_old_client_s_start_by_a_link_s_name_makes_anything_else(label, swarm, evil, alias):
    """A link's alias is a name, too, with slashes in it: /one/alias."""
    labels = {"Labels": {NAME: str(BOB)}}

    def make():
        for name, settings in (("two", {"NetworkMode": "none"}), ("two", {}), ("one", {"Links": [f"two:{alias}"]})):
            swarm.ask("DELETE", f"/containers/{name}?force=1&v=1")
            assert swarm.ask("POST", f"/containers/create?name={name}", host(**settings) | labels).status == 201

    make()
    assert swarm.ask("POST", f"/v1.23/containers/one/{alias}/start", evil).status == 204
    assert not all((said or {}).get(NAME) == str(BOB) for _, _, said in made(swarm))      # the engine itself falls for it
    remove(swarm, made(swarm))
    for path in (f"/v1.23/containers/one/{alias}/start", f"/containers/one/{alias}/start", f"/v1.20/containers/one%2F{alias}/start",
                 f"/v1.12/containers//one/{alias}/start", f"/v1.23/containers/%2Fone/{alias}/start", f"/v1.23/containers/one//{alias}/start"):
        make()
        with all_is_bob_s(swarm, path):
            status = ask(label, "POST", path, JSON, json.dumps(evil))
            assert status in (0, 204) or 300 <= status < 500, (path, status)
            assert [kind for kind, _, _ in made(swarm)] == ["containers"] * 2, path


def test_no_spelling_of_a_path_makes_anything_else(label, swarm):
    count = 0
    for path, body in (("/containers/create", PLAIN), ("/volumes/create", {"Name": "new"}), ("/networks/create", {"Name": "new"}),
        ("/configs/create", MAKING["a config"][1])):
        for spelling in attacks.paths(path):
            with all_is_bob_s(swarm, spelling):
                ask(label, "POST", spelling, JSON, json.dumps(body | {"Labels": FORGED}))
            count += 1
    assert count > 100


def context(dockerfile):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    return data.getvalue()


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


SAID = json.dumps(FORGED)
BUILDS = ["", "&labels=", "&labels={}", f"&labels={percent(SAID)}", f"&labels={percent(SAID)}&labels={{}}",
    f"&labels={{}}&labels={percent(SAID)}",
          f"&l%61bels={percent(SAID)}", f"&x=1;labels={percent(SAID)}", f"&labels={percent(json.dumps({'a': 'b'}))}", "&labels=null",
          "&labels=[]", "&labels=x",
          "&labels=%7B%22dogger.made-by%22%3A%22root%22%2C%22dogger.made-by%22%3A%22x%22%7D",
          "&labels=%7B%22dogger.made%5Cu002dby%22%3A%22root%22%7D",
          "&version=2", "&version=1&version=2", "&version=2&version=1", "&labels=%7B%22a%22%3A1%7D", f"&LABELS={percent(SAID)}", "&rm=0",
          "&rm=0&forcerm=0&rm=0",
          "&target=one", "&nocache=1", "&squash=0", f"&buildargs={percent(json.dumps({'X': 'root'}))}"]
DOCKERFILES = ["FROM busybox\n", f"FROM busybox\nLABEL {NAME}=root\n", "FROM liar\n", f"FROM busybox AS one\nLABEL {NAME}=root\nFROM one\n",
               f"FROM busybox AS one\nARG X=root\nLABEL {NAME}=$X\nONBUILD LABEL {NAME}=root\nCMD x \\\n"]


def test_no_build_makes_an_image_of_anybody_else(label, swarm):
    built = 0
    tried = [(query, DOCKERFILES[1]) for query in BUILDS] + [(query, dockerfile) for query in BUILDS[3:5] for dockerfile in DOCKERFILES]
    for query, dockerfile in tried:
        ask(label, "POST", "/v1.41/build?t=new" + query, TAR, context(dockerfile))
        found = images(swarm)
        assert all(labels[NAME] == str(BOB) for _, _, labels in found), (query, dockerfile, found)
        remove(swarm, found)
        built += len(found)
    assert built > 20
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    with all_is_bob_s(swarm, "a form"):
        assert ask(label, "POST", "/build?remote=x", form, "labels=" + percent(SAID)) == 400
    with all_is_bob_s(swarm, "containers of a build that fails"):
        status = ask(label, "POST", "/build?rm=0&forcerm=0", TAR, context("FROM busybox\nRUN true\nRUN false\n"))
        assert status == 200 and swarm.ask("GET", "/containers/json?all=1").json == []
    for path in ("/session", "/grpc"):
        assert ask(label, "POST", path, [("Connection", "Upgrade"), ("Upgrade", "h2c")]) == 403


def loaded(labels, step):
    """What docker load takes: an image of nothing, with these labels, that says it was made by this step."""
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": labels}, "rootfs": {"type": "layers", "diff_ids": []},
              "history": [{"created_by": step, "empty_layer": True}]}
    manifest = [{"Config": "config.json", "RepoTags": ["evil:1"], "Layers": []}]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, value in (("config.json", config), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            content = json.dumps(value).encode()
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def test_no_cache_that_a_build_names_is_the_image(label, swarm):
    """The engine takes an image of the same steps for the one that is to be made, whatever labels that one has."""
    step = f"/bin/sh -c #(nop)  LABEL {NAME}={BOB}"
    with Connection(str(swarm.socket)) as connection:
        answer = connection.ask("POST", "/images/load", TAR, loaded(FORGED, step))
        assert answer.status == 200 and "evil:1" in answer.text, answer
    cache = "&cachefrom=" + percent('["evil:1"]')
    try:
        with Connection(str(swarm.socket)) as connection:
            said = percent(json.dumps({NAME: str(BOB)}))
            assert connection.ask("POST", f"/v1.41/build?t=new&labels={said}{cache}", TAR, context("FROM scratch\n")).status == 200
        found = [one for one in images(swarm) if one[1] != "evil:1"]
        assert found[0][2] == FORGED      # the engine itself falls for it
        remove(swarm, found)
        for query in (cache, cache + cache, cache + "&nocache=0"):
            assert ask(label, "POST", "/v1.41/build?t=new" + query, TAR, context("FROM scratch\n")) == 200
            found = [one for one in images(swarm) if one[1] != "evil:1"]
            assert all(labels[NAME] == str(BOB) for _, _, labels in found), (query, found)
            remove(swarm, found)
    finally:
        swarm.ask("DELETE", "/images/evil:1?force=1")


SHORT = f"LABEL {NAME}=root"
CHANGES = [
    [], [SHORT], [SHORT.lower()], [" " + SHORT], ["\t" + SHORT], [f"LABEL\t{NAME}=root"], [f"LABEL {NAME} root"], [f'LABEL "{NAME}"=root'],
    [f"LABEL a=b {NAME}=root"], [f"LABEL a=b\tdogger.made-by=root"], [f"LABEL dogger.'made'-by=root"], ["LABEL dogger.made\\-by=root"],
    [f"LABEL ${{X:-{NAME}}}=root"],
    [f"ENV X={NAME}", "LABEL $X=root"], ["CMD a\n" + SHORT], ["CMD a\r\n" + SHORT], ["CMD a\r" + SHORT], ["LAB\\", f"EL {NAME}=root"],
    [f"LABEL a=b \\", f"{NAME}=root"], ["LABEL \\\n" + NAME + "=root"], ["CMD a \\"], ["CMD a \\ "], [SHORT, "CMD a \\"], ["CMD a \\\n"],
    ["# escape=`", "CMD `"],
    ["# x"], ["# syntax=x"], [""], [" "], ["\u00a0" + SHORT], ["\u0085" + SHORT], ["\ufeff" + SHORT], ["\u2028" + SHORT],
    ["CMD a\u2028" + SHORT], ["CMD a\x0b" + SHORT],
    [f"ONBUILD {SHORT}"], [f"MAINTAINER {NAME}=root"], ["RUN true"], ["FROM liar"], ["LABEL a=b"], ["LABEL a="], ["LABEL a"],
    ["CMD [\"a\"]"], ["ENV A=b"],
    ["EXPOSE 80"], ["WORKDIR /"], ["USER 0"], ["VOLUME /x"], ["ENTRYPOINT x"], ["STOPSIGNAL TERM"], ["HEALTHCHECK NONE"],
    ["LABEL <<X\nX"], ["CMD <<X", SHORT, "X"],
    ["lABEL dogger.made-by=root"], ["LABEL  dogger.made-by=root"], ["LABEL dogger.made-by="], ["LABEL dogger.made-by=root # x"],
    ["LABE\u017f a=b"],
]


def test_no_commit_and_no_import_makes_an_image_of_anybody_else(label, swarm):
    number = swarm.ask("POST", "/containers/create", PLAIN | {"Labels": FORGED | {"other": "kept"}}).json["Id"]
    image = io.BytesIO()
    tarfile.open(fileobj=image, mode="w").close()
    passed, count = {"commit": 0, "import": 0}, 0
    for changes in CHANGES:
        query = "".join("&changes=" + percent(change) for change in changes)
        for what, path, headers, data in (
            ("commit", f"/commit?container={number}&repo=new{query}", JSON, json.dumps({"Labels": FORGED})),
            ("commit", f"/commit?container={number}&repo=new;changes=x{query}", (), b""),
            ("import", f"/images/create?fromSrc=-&repo=new{query.replace('%20', '+')}", TAR, image.getvalue()),
        ):
            status = ask(label, "POST", path, headers, data)
            found = images(swarm)
            for _, name, labels in found:
                assert labels.get(NAME) == str(BOB), (changes, path, labels)
                assert what == "import" or labels["other"] == "kept"
            remove(swarm, found)
            passed[what] += bool(found)
            count += 1
            assert status in (200, 201) or 400 <= status < 500, (changes, path, status)
    swarm.ask("DELETE", f"/containers/{number}?force=1")
    assert min(passed.values()) > 10 and count > 150


def test_no_update_changes_who_made_it(label, swarm):
    for kind, body in (("configs", MAKING["a config"][2]), ("secrets", MAKING["a secret"][2]), ("services", SERVICE)):
        for maker in ({NAME: "41001"}, {}):
            labels = body | {"Labels": maker}
            if kind == "services":
                labels["TaskTemplate"] = {"ContainerSpec": SPEC | {"Labels": maker}}
            number = swarm.ask("POST", f"/{kind}/create", labels).json["ID"]
            for evil in (body | {"Labels": FORGED}, body | {"Labels": {}}, body | {"Labels": {NAME: str(BOB)}}):
                if kind == "services":
                    evil["TaskTemplate"] = {"ContainerSpec": SPEC | {"Labels": evil["Labels"]}}
                for _, headers, data in attacks.bodies(evil | {"Labels": evil["Labels"] | {"a": "b"}}, body):
                    version = swarm.ask("GET", f"/{kind}/{number}").json["Version"]["Index"]
                    ask(label, "POST", f"/{kind}/{number}/update?version={version}", headers, data)
                    found = [one for one in made(swarm) if one[0] == kind]
                    assert found and all((said or {}).get(NAME) == maker.get(NAME) for _, _, said in found), (kind, maker, data, found)
            remove(swarm, made(swarm))


def test_an_update_goes_on_by_the_id(serve, write, swarm):
    """By then the name could be another's, and the label that was looked up would be put on that one."""
    behind = write('return function(req) if req.method == "POST" then return { status = 418, body = req.path } end end', "behind.lua")
    dogger = serve([LABEL, behind], "--upstream", swarm.socket, "--quiet")
    for kind, body in (("configs", MAKING["a config"][2]), ("secrets", MAKING["a secret"][2]), ("services", SERVICE)):
        number = swarm.ask("POST", f"/{kind}/create", body).json["ID"]
        with dogger.connect() as connection:
            answer = connection.ask("POST", f"/v1.41/{kind}/new/update?version=1", JSON, json.dumps(body))
            assert answer.text == f"/v1.41/{kind}/{number}/update"
    remove(swarm, made(swarm))


def test_an_update_s_new_volumes_are_of_who_asks(label, swarm):
    def mounts(*names, said):
        return service(Mounts=[volume(Source=name, Target=f"/{name}", VolumeOptions={"Labels": said}) for name in names])

    for said in ({NAME: "41001"}, {}):
        number = swarm.ask("POST", "/services/create", mounts("old", said=said)).json["ID"]
        for evil in (FORGED, {}, {NAME: str(BOB)}):
            version = swarm.ask("GET", f"/services/{number}").json["Version"]["Index"]
            assert ask(label, "POST", f"/services/{number}/update?version={version}", JSON, json.dumps(mounts("old", "new", said=evil))) == 200
            old, new = swarm.ask("GET", f"/services/{number}").json["Spec"]["TaskTemplate"]["ContainerSpec"]["Mounts"]
            assert (old["VolumeOptions"].get("Labels") or {}).get(NAME) == said.get(NAME)
            assert new["VolumeOptions"]["Labels"][NAME] == str(BOB)
            version = swarm.ask("GET", f"/services/{number}").json["Version"]["Index"]
            assert swarm.ask("POST", f"/services/{number}/update?version={version}", mounts("old", said=said)).status == 200
        remove(swarm, made(swarm))


DAY = """
docker run --rm -l a=b busybox echo hello
docker network create net1 && docker volume create vol1
docker run -d --name web -e A=b -v data:/data -v vol1:/w -v /anonymous --mount type=volume,target=/m --network net1 --label-file labels \
  busybox sleep 1000
docker exec web ls / && echo a | docker exec -i web cat && docker exec -d web true
docker cp upfile web:/data && docker cp web:/data/upfile - | tar -xO
docker logs web && docker top web && docker stats --no-stream web && docker diff web
test "$(docker inspect web --format '{{index .Config.Labels "dogger.made-by"}} {{.Config.Labels.c}}')" = "41002 d"
test "$(docker volume inspect data --format '{{index .Labels "dogger.made-by"}}')" = 41002
docker update --memory 32m --memory-swap 32m web && docker rename web site && docker restart -t 0 site
docker run --name done busybox echo done && docker logs -f done && docker rm done
docker commit -c 'ENV A=b' -c 'LABEL x=y' site image && docker export site -o exported && docker import -c 'CMD ["sh"]' exported imported
DOCKER_BUILDKIT=0 docker build -t built --label l=m context && docker images && docker history built && docker tag built other
docker save other -o saved && docker load -i saved && docker rmi other
docker config create conf upfile && docker secret create sec upfile
docker service create --detach --name srv --replicas 0 --container-label k=v --config conf --mount type=volume,source=s,target=/s \
  busybox sleep 1000
docker service update --detach --env-add A=b srv && docker service inspect srv && docker service rm srv
 docker config rm conf && docker secret rm sec
docker version && docker info && docker events --since 1m --until 0s
docker ps -a --filter label=dogger.made-by=41002 && docker volume ls && docker system df
docker rm -f site && docker container prune -f && docker network prune -f && docker volume prune -f && docker image prune -f
"""


def test_a_day_s_work_is_done(label, swarm, docker, directory):
    (directory / "context").mkdir()
    (directory / "context/Dockerfile").write_text("FROM busybox\nRUN echo built\n")
    (directory / "upfile").write_text("carried\n")
    (directory / "labels").write_text("c=d\n")
    directory.chmod(0o777)
    client = docker(label)
    client.user = BOB
    for command in DAY.strip().splitlines():
        done = client.shell(command, directory)
        assert done.returncode == 0, (command, done.stderr)
    swarm.ask("DELETE", "/images/imported?force=1")
    swarm.clear()


def test_docker_py_has_its_day_too(label, swarm, docker_py):
    with acting_as(BOB):
        client = docker_py(label)
        assert client.containers.run("busybox", "echo hello", remove=True, labels={NAME: "root"}) == b"hello\n"
        network = client.networks.create("net1", labels=FORGED)
        container = client.containers.run("busybox", "sleep 1000", name="web", detach=True, network="net1", labels={"a": "b"} | FORGED,
            volumes={"data": {"bind": "/data", "mode": "rw"}})
        assert container.labels == {"a": "b", NAME: str(BOB)}
        assert container.exec_run("echo inside").output == b"inside\n"
        assert container.put_archive("/data", tar_of("upfile", b"carried\n"))
        assert b"carried" in b"".join(container.get_archive("/data/upfile")[0])
        volume = client.volumes.get("data")
        assert volume.attrs["Labels"] == {NAME: str(BOB)}
        image = container.commit("image", "v1")
        assert image.labels[NAME] == str(BOB)
        assert [one.name for one in client.containers.list(filters={"label": f"{NAME}={BOB}"})] == ["web"]
        container.remove(force=True)
        network.remove()
        volume.remove()
        client.images.remove("image:v1")
    swarm.clear()


def tar_of(name, content):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def test_over_tcp_the_address_stands_in_the_label(serve, swarm):
    dogger = serve(LABEL, "--upstream", swarm.socket, tcp=True)
    number = dogger.post("/containers/create", json.dumps(PLAIN | {"Labels": FORGED}), JSON).json["Id"]
    assert swarm.ask("GET", f"/containers/{number}/json").json["Config"]["Labels"][NAME].startswith("127.0.0.1:")
    assert dogger.post(f"/commit?container={number}&repo=new", "").status == 201
    assert swarm.ask("GET", "/images/new/json").json["Config"]["Labels"][NAME].startswith("127.0.0.1:")
    remove(swarm, made(swarm))
