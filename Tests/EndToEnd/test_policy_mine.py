"""mine.lua in front of a real engine: bob, with a uid of his own, tries to see and touch what is alice's; and both do a day's work."""

import io
import json
import tarfile
import threading
import time

import pytest
from harness import PATIENCE, ROOT, acting_as, attacks, open_to_all
from harness.http import Connection
from harness.processes import until

MINE = ROOT / "examples/handlers/mine.lua"
JSON = [("Content-Type", "application/json")]
ALICE, BOB = 41001, 41002
PLAIN = {"Image": "busybox", "Cmd": ["sleep", "1000"]}
SECRET = "alice-s-secret"


def host(**settings):
    return PLAIN | {"HostConfig": settings}


def endpoint(name, **settings):
    return {"NetworkingConfig": {"EndpointsConfig": {name: settings}}}


class Home:
    """What alice has, by its ids."""

    def __init__(self, engine):
        mine = {"dogger.owner": str(ALICE)}
        self.engine = engine
        self.create("/volumes/create", {"Name": "alicevolume", "Labels": mine})
        self.network = self.create("/networks/create", {"Name": "alicenet", "Labels": mine})["Id"]
        settings = {"Labels": mine, "Env": [f"KEY={SECRET}"], "OpenStdin": True, "Volumes": {"/anonymous": {}}}
        self.container = self.create("/containers/create?name=alices", host(Binds=["alicevolume:/v"], IpcMode="shareable") | settings)["Id"]
        self.stranger = self.create("/containers/create?name=stranger", host(IpcMode="shareable"))["Id"]      # nobody's
        for name in "alices", "stranger":
            assert engine.ask("POST", f"/containers/{name}/start").status == 204
        self.exec = self.create("/containers/alices/exec",
            {"Cmd": ["sh", "-c", f"echo {SECRET}; touch /attacked"], "AttachStdout": True})["Id"]
        mounts = engine.ask("GET", "/containers/alices/json").json["Mounts"]
        self.anonymous = next(mount["Name"] for mount in mounts if mount["Destination"] == "/anonymous")
        self.own = ["alices", "stranger"]

    def create(self, path, body):
        answer = self.engine.ask("POST", path, body)
        assert answer.status == 201, (path, answer)
        return answer.json

    def state(self):
        """All that could be touched, as the engine tells it."""
        containers = [self.engine.ask("GET", f"/containers/{number}/json").json for number in (self.container, self.stranger)]
        return (
            [(c["Name"], c["State"]["Status"], c["State"]["StartedAt"], c["ExecIDs"], c["HostConfig"],
                sorted(c["NetworkSettings"]["Networks"])) for c in containers],
            self.engine.ask("GET", f"/exec/{self.exec}/json").json, self.engine.ask("GET", "/volumes/alicevolume").json,
            self.engine.ask("GET", f"/networks/{self.network}").json, self.engine.ask("GET", f"/volumes/{self.anonymous}").json,
            [self.engine.ask("HEAD", f"/containers/{name}/archive?path=/attacked").status for name in self.own],
            sorted(tag for image in self.engine.ask("GET", "/images/json").json for tag in image["RepoTags"] or []))

    def remove_bob_s(self):
        for container in self.engine.ask("GET", "/containers/json?all=1").json:
            if container["Id"] not in (self.container, self.stranger):
                self.engine.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        for network in self.engine.ask("GET", f'/networks?filters={{"label":["dogger.owner={BOB}"]}}').json:
            self.engine.ask("DELETE", f"/networks/{network['Id']}")
        for volume in self.engine.ask("GET", "/volumes").json["Volumes"] or []:
            if volume["Name"] not in ("alicevolume", self.anonymous):
                self.engine.ask("DELETE", f"/volumes/{volume['Name']}")

    def shared(self):
        """What containers of others share with alice's, or whose label is not bob's."""
        found = []
        numbers = {self.container, self.stranger, self.network}
        for listed in self.engine.ask("GET", "/containers/json?all=1").json:
            if listed["Id"] in numbers:
                continue
            container = self.engine.ask("GET", f"/containers/{listed['Id']}/json").json
            config, networks = container["HostConfig"], container["NetworkSettings"]["Networks"]
            found += [text for text in (config["VolumesFrom"] or []) + (config["Links"] or [])]
            found += [config[mode] for mode in ("NetworkMode", "IpcMode", "PidMode", "Cgroup") if config[mode].startswith("container:")]
            found += [mount["Name"] for mount in container["Mounts"] if mount.get("Name") in ("alicevolume", self.anonymous)]
            found += [name for name, one in networks.items() if name == "alicenet" or one["NetworkID"] == self.network or one["Links"]]
            found += [parent for parent in [config["CgroupParent"]] if self.container in parent]
            found += [label for label in [container["Config"]["Labels"].get("dogger.owner")] if label != str(BOB)]
        return found


@pytest.fixture(scope="module")
def inhabited(common_engine):
    yield Home(common_engine)
    common_engine.clear()


@pytest.fixture
def home(inhabited):
    yield inhabited
    inhabited.remove_bob_s()


@pytest.fixture
def mine(serve, home):
    dogger = serve(MINE, "--upstream", home.engine.socket, "--quiet")
    open_to_all(dogger)
    return dogger


def ask(dogger, uid, method, target, headers=(), body=None):
    """The answer of one request; None when the connection was closed."""
    with acting_as(uid):
        connection = dogger.connect()
    with connection:
        try:
            return connection.ask(method, target, headers, body)
        except (OSError, AssertionError):
            return None


def refused(answer):
    return answer is None or 400 <= answer.status < 500


# Each on a container of alice's: {c} is its name or id, {e} the id of an exec in it.
ON_CONTAINER = [
    ("GET", "/containers/{c}/json", None), ("GET", "/containers/{c}/json?size=1", None), ("HEAD", "/containers/{c}/json", None),
    ("GET", "/containers/{c}/logs?stdout=1", None), ("GET", "/containers/{c}/stats?stream=0", None), ("GET", "/containers/{c}/top", None),
    ("GET", "/containers/{c}/changes", None), ("GET", "/containers/{c}/export", None), ("GET", "/containers/{c}/archive?path=/etc", None),
    ("HEAD", "/containers/{c}/archive?path=/etc", None), ("PUT", "/containers/{c}/archive?path=/", b"\0" * 1024),
    ("POST", "/containers/{c}/copy", {"Resource": "/etc"}), ("POST", "/containers/{c}/start", None),
    ("POST", "/containers/{c}/stop?t=0", None),
    ("POST", "/containers/{c}/restart?t=0", None), ("POST", "/containers/{c}/kill", None), ("POST", "/containers/{c}/pause", None),
    ("POST", "/containers/{c}/unpause", None), ("POST", "/containers/{c}/wait?condition=next-exit", None),
    ("POST", "/containers/{c}/attach?stream=1&stdin=1&stdout=1&logs=1", None),
    ("GET", "/containers/{c}/attach/ws?stream=1&stdin=1&logs=1", None),
    ("POST", "/containers/{c}/resize?h=10&w=10", None), ("POST", "/containers/{c}/rename?name=bobs", None),
    ("POST", "/containers/{c}/update", {"Memory": 64 << 20}), ("DELETE", "/containers/{c}?force=1", None),
    ("DELETE", "/containers/{c}?v=1&force=1", None),
    ("POST", "/containers/{c}/exec", {"Cmd": ["touch", "/attacked"]}), ("POST", "/containers/{c}/checkpoints", {"CheckpointID": "x"}),
    ("GET", "/containers/{c}/checkpoints", None), ("POST", "/commit?container={c}&repo=stolen", None),
    ("POST", "/commit?container={c}&repo=stolen", {}),
    ("POST", "/commit?container=x&container={c}&repo=stolen", None), ("POST", "/commit?container={c}&container=x&repo=stolen", None),
    ("POST", "/commit?c%6Fntainer={c}&repo=stolen", None), ("POST", "/commit?container=x;container={c}&repo=stolen", None),
    ("GET", "/containers/{c}", None), ("GET", "/containers/{c}/JSON", None), ("GET", "/containers/{c}/json/", None),
    ("get", "/containers/{c}/json", None),
    ("POST", "/networks/bobnet/connect", {"Container": "{c}"}), ("POST", "/networks/bobnet/connect", {"container": "{c}"}),
    ("POST", "/networks/bobnet/connect", {"Container": "bobs", "EndpointConfig": {"Links": ["{c}:x"]}}),
    ("POST", "/networks/bobnet/disconnect", {"Container": "{c}", "Force": True}),
    ("POST", "/networks/alicenet/disconnect", {"Container": "{c}", "Force": True}),
    ("POST", "/build?networkmode=container:{c}", b""), ("POST", "/build?networkmode=default&networkmode=container:{c}", b""),
    ("POST", "/build?networkmode=container:{c}&networkmode=default", b""), ("POST", "/build?network%6Dode=container%3A{c}", b""),
]
OTHER = [
    ("GET", "/exec/{e}/json", None), ("POST", "/exec/{e}/start", {"Detach": False}), ("POST", "/exec/{e}/start", {"Detach": True}),
    ("POST", "/exec/{e}/start", None), ("POST", "/exec/{e}/resize?h=10&w=10", None), ("HEAD", "/exec/{e}/json", None),
    ("GET", "/exec/{e}/json/", None),
    ("GET", "/volumes/alicevolume", None), ("DELETE", "/volumes/alicevolume?force=1", None), ("PUT", "/volumes/alicevolume", {"Spec": {}}),
    ("GET", "/volumes/{anonymous}", None), ("DELETE", "/volumes/{anonymous}?force=1", None),
    ("POST", "/volumes/create", {"Name": "alicevolume"}), ("POST", "/volumes/create", {"name": "alicevolume"}),
    ("POST", "/volumes/create", {"Name": "alicevolume", "Labels": {"dogger.owner": str(BOB)}}),
    ("POST", "/volumes/create", {"Name": "{anonymous}"}),
    ("GET", "/networks/alicenet", None), ("GET", "/networks/{n}", None), ("GET", "/networks/{n:.12}", None),
    ("GET", "/networks/{n:.5}?verbose=1", None),
    ("DELETE", "/networks/alicenet", None), ("DELETE", "/networks/{n}", None), ("GET", "/networks/bridge", None),
    ("GET", "/networks/host", None),
    ("POST", "/networks/create", {"Name": "alicenet"}), ("POST", "/networks/create", {"Name": "alicenet", "CheckDuplicate": False}),
    ("POST", "/networks/create", {"Name": "alicenet", "checkduplicate": False, "CheckDuplicate": True}),
    ("POST", "/networks/alicenet/connect", {"Container": "bobs"}), ("POST", "/networks/{n}/connect", {"Container": "bobs"}),
    ("POST", "/networks/bobnet/connect", {"Container": "bobs", "EndpointConfig": {"NetworkId": "{n}"}}),
    ("GET", "/system/df", None), ("GET", "/system/df?type=container", None), ("POST", "/images/prune", None),
    ("DELETE", "/images/busybox?force=1", None),
    ("POST", "/build/prune", None), ("POST", "/session", None), ("POST", "/grpc", None), ("GET", "/debug/vars", None),
    ("GET", "/plugins", None),
    ("POST", "/swarm/init", {"ListenAddr": "127.0.0.1", "AdvertiseAddr": "127.0.0.1"}),
    ("POST", "/swarm/join", {"RemoteAddrs": ["127.0.0.1"]}),
    ("GET", "/swarm", None), ("GET", "/services", None), ("GET", "/tasks", None), ("GET", "/nodes", None), ("GET", "/configs", None),
    ("GET", "/secrets", None),
    ("POST", "/services/create", {"Name": "x", "TaskTemplate": {"ContainerSpec": PLAIN}}), ("POST", "/plugins/pull?remote=x", []),
    ("GET", "/distribution/busybox/json", None), ("OPTIONS", "/containers/json", None), ("TRACE", "/", None), ("CONNECT", "d:80", None),
    ("POST", "/build?networkmode=alicenet", b""), ("POST", "/build?networkmode=default&networkmode={n}", b""),
    ("POST", "/build?networkmode={n:.12}", b""),
    ("GET", "/containers/..%2fcontainers/alices/json", None), ("GET", "/containers/bobs/../alices/json", None),
    ("GET", "/containers/bobs%2F..%2Falices/json", None), ("GET", "/containers/alices%00/json", None),
    ("GET", "/containers/alices%3F/json", None),
    ("GET", "/containers/alices%23/json", None), ("GET", "/containers/%2Falices/json", None),
    ("GET", "/containers/bobs/json/../../alices/json", None),
]


def test_bob_reaches_nothing_of_alice_s(mine, home):
    """Every way to say which container, at every route, under every prefix."""
    assert ask(mine, BOB, "POST", "/containers/create?name=bobs", JSON, json.dumps(PLAIN)).status == 201
    assert ask(mine, BOB, "POST", "/networks/create", JSON, json.dumps({"Name": "bobnet"})).status == 201
    before = home.state()
    names = ["alices", home.container, home.container[:12], home.container[:3], "%61lices", "stranger", home.stranger[:12]]
    known = {"e": home.exec, "n": home.network, "anonymous": home.anonymous}
    tried = [(method, path, body, known | {"c": name}) for method, path, body in ON_CONTAINER for name in names]
    tried += [(method, path, body, known) for method, path, body in OTHER]
    count = 0
    for method, path, body, values in tried:
        path = path.format(**values)
        if isinstance(body, dict):
            body = json.dumps(body).replace("{c}", values.get("c", "")).replace("{n}", home.network).replace("{anonymous}", home.anonymous)
        upgrade = [("Connection", "Upgrade"), ("Upgrade", "tcp")] if "/attach" in path or path.endswith("start") else []
        headers = (JSON if isinstance(body, str) else []) + upgrade
        for prefix in ("", "/v1.41", "/v1.24"):
            answer = ask(mine, BOB, method, prefix + path, headers, b"" if body is None and method in ("POST", "PUT") else body)
            assert refused(answer) or answer.status == 501, (method, prefix + path, body, answer)
            said = answer.body.decode() if answer else ""
            assert SECRET not in said and (values.get("c") == home.container or home.container not in said), (method, path, answer)
            count += 1
    assert count > 1000
    assert home.state() == before


@pytest.mark.parametrize("route", [
    ("GET", "/containers/alices/json"), ("DELETE", "/containers/alices?force=1"), ("POST", "/containers/alices/stop?t=0"),
    ("GET", "/containers/alices/archive?path=/etc"), ("POST", "/containers/alices/attach?stream=1&logs=1&stdout=1"),
    ("GET", "/exec/{e}/json"), ("POST", "/exec/{e}/start"), ("DELETE", "/volumes/alicevolume"), ("GET", "/networks/alicenet")])
def test_no_spelling_of_a_path_leads_there(mine, home, route):
    before = home.state()
    method, path = route[0], route[1].format(e=home.exec)
    for spelling in attacks.paths(path):
        answer = ask(mine, BOB, method, spelling, JSON if method == "POST" else (), "{}" if method == "POST" else None)
        assert refused(answer) or spelling.startswith("/_ping?"), (spelling, answer)
        assert answer is None or SECRET not in answer.text
    assert home.state() == before


FILTERS = [
    "", "{}", '{"label":["dogger.owner=41001"]}', '{"label":{"dogger.owner=41001":true}}', '{"label":{"dogger.owner=41001":false}}',
    '{"label":["dogger.owner"]}', '{"label":[]}', '{"label":{}}', '{"label":["dogger.owner=41001"],"label":[]}', '{"label":null}', "null",
    "[]",
    '{"Label":["dogger.owner=41001"]}', '{"LABEL":{"dogger.owner=41001":true}}', '{"name":["alice"]}', '{"name":{"alice":true}}',
    '{"label!":["x"]}',
    '{"status":["running"]}', '{"l\\u0061bel":["dogger.owner=41001"]}', '{"label":["dogger.owner=4"]}',
    '{"label":["dogger.owner=41001","dogger.owner=41002"]}',
    '{"volume":["alicevolume"]}', '{"network":["alicenet"]}', '{"ancestor":["busybox"]}', '{"id":["a","b","c","d","e","f","0","1","2"]}',
    '{"driver":["local"]}',
    '{"label":"dogger.owner=41001"}', '{"label":[["dogger.owner=41001"]]}', '{"label":[1]}', "{", '{"label":["dogger.owner=41001"]}x',
    '{"type":["container"]}',
    '{"container":["alices"]}', '{"event":["exec_create"]}', '{"dangling":["true"]}', '{"scope":["local"]}', '{"type":["custom"]}',
    '{"before":["bobs"]}',
]
LISTS = ["/containers/json?all=1", "/volumes?", "/networks?", "/events?since=1&until={now}"]


def encoded(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_no_list_shows_anything_of_alice_s(mine, home):
    """By any filter, in any spelling, named once or twice; and prune takes nothing of hers."""
    ask(mine, BOB, "POST", "/containers/create?name=bobs", JSON, json.dumps(PLAIN))
    before = home.state()
    now = int(time.time()) + 1
    count = 0
    for path in LISTS:
        for given in FILTERS:
            for query in (f"&filters={encoded(given)}", f"&filters=%7B%7D&filters={encoded(given)}",
                f"&filters={encoded(given)}&filters=%7B%7D",
                          f"&f%69lters={encoded(given)}", f"&x=1;filters={encoded(given)}"):
                answer = ask(mine, BOB, "GET", "/v1.41" + path.format(now=now) + query)
                assert refused(answer) or answer.status in (200, 500), (path, query, answer)
                assert not any(word in answer.text for word in ("alice", home.container, home.network, home.anonymous,
                    home.stranger)), (path, query, answer)
                count += 1
    for kind in ("containers", "networks", "volumes"):
        for given in FILTERS:
            answer = ask(mine, BOB, "POST", f"/v1.41/{kind}/prune?filters={encoded(given)}", (), b"")
            assert not any(word in answer.text for word in ("alice", home.container, home.network, home.anonymous)), (kind, given, answer)
            count += 1
    assert count > 800
    assert home.state() == before
    for path in ("/v1.12/containers/json?all=1", "/v1.24/networks", "/v1.24/containers/json?all=1&size=1", "/containers/json?limit=10",
        "/containers/json?since=alices"):
        assert "alice" not in ask(mine, BOB, "GET", path).text.replace("since=alices", "").replace("No such container: alices", "")


def ways(home):
    """Bodies of a create that reach into what is alice's."""
    number, network = home.container, home.network
    return {
        "her volumes": host(VolumesFrom=["alices"]),
        "her volumes, read only": host(VolumesFrom=["alices:ro"]),
        "her volumes, by id": host(VolumesFrom=[number[:12]]),
        "a stranger's volumes": host(VolumesFrom=["stranger"]),
        "her volume": host(Binds=["alicevolume:/v"]),
        "her volume among others": host(Binds=["bobvolume:/b", "alicevolume:/v:ro"]),
        "her volume, mounted": host(Mounts=[{"Type": "volume", "Source": "alicevolume", "Target": "/v"}]),
        "her volume without a name": host(Binds=[f"{home.anonymous}:/v"]),
        "her network's end": host(NetworkMode="container:alices"),
        "her network's end, by id": host(NetworkMode=f"container:{number[:12]}"),
        "her processes": host(PidMode="container:alices"),
        "her shared memory": host(IpcMode=f"container:{number}"),
        "a link": host(Links=["alices:x"]),
        "her network": host(NetworkMode="alicenet"),
        "her network, by id": host(NetworkMode=network[:12]),
        "her network, as an endpoint": host(NetworkMode="alicenet") | endpoint("alicenet"),
        "her network behind another's name": host(NetworkMode="bobnet") | endpoint("bobnet", NetworkID=network),
        "her cgroup": host(CgroupParent=f"/docker/{number}"),
        "her name": PLAIN | {"Labels": {"dogger.owner": str(ALICE)}},
    }


def test_sent_straight_to_the_engine_each_way_leads_there(home):
    home.create("/networks/create", {"Name": "bobnet", "Labels": {"dogger.owner": str(BOB)}})
    for way, body in ways(home).items():
        answer = home.engine.ask("POST", "/containers/create", body)
        assert answer.status == 201 and home.shared(), (way, answer)
        if "behind another" in way:
            home.engine.ask("POST", f"/containers/{answer.json['Id']}/start")
            assert set(home.shared()) & {"alicenet", "bobnet"}, home.shared()
        home.engine.ask("DELETE", f"/containers/{answer.json['Id']}?force=1&v=1")


def test_no_spelling_of_a_body_leads_there(mine, home):
    assert ask(mine, BOB, "POST", "/networks/create", JSON, json.dumps({"Name": "bobnet"})).status == 201
    before = home.state()
    count = 0
    for way, body in ways(home).items():
        for spelling, headers, data in attacks.bodies(body, PLAIN):
            answer = ask(mine, BOB, "POST", "/v1.41/containers/create", headers, data)
            assert refused(answer) or answer.status == 201, (way, spelling, answer)
            count += 1
            if answer and answer.status == 201:
                number = answer.json["Id"]
                if "network" in way:
                    home.engine.ask("POST", f"/containers/{number}/start")
                assert not home.shared(), (way, spelling)
                home.engine.ask("DELETE", f"/containers/{number}?force=1&v=1")
    assert count > 500
    assert home.state() == before


def brief_names(home):
    """Beginnings of her network's id that are no other network's."""
    others = [one["Id"] for one in home.engine.ask("GET", "/networks").json if one["Id"] != home.network]
    lengths = [n for n in (1, 2, 3, 4, 8, 12, 32, 63) if not any(other.startswith(home.network[:n]) for other in others)]
    return [home.network[:n] for n in lengths]


JOINING = {
    "named": lambda name: host(NetworkMode=name),
    "named where old clients do": lambda name: PLAIN | {"NetworkMode": name},
    "with an end": lambda name: host(NetworkMode=name) | endpoint(name),
    "with an end that has settings": lambda name: host(NetworkMode=name) | endpoint(name, Aliases=["x"], NetworkID=""),
    "connected afterwards": None,
    "connected afterwards, with settings": {"Aliases": ["x"]},
}


def join(ask, how, name):
    """A container whose network is removed before it is started: what `name` means by then decides what it comes to."""
    assert ask("POST", "/networks/create", {"Name": name}).status == 201
    body = JOINING[how](name) if callable(JOINING[how]) else PLAIN
    number = ask("POST", "/containers/create", body).json["Id"]
    if not callable(JOINING[how]):
        ask("POST", f"/networks/{name}/connect", {"Container": number} | ({"EndpointConfig": JOINING[how]} if JOINING[how] else {}))
    assert ask("DELETE", f"/networks/{name}").status == 204
    return number


def test_no_volume_that_is_gone_becomes_alice_s(serve, write, home):
    """Between the look at its name and the making of the container its owner removes it, and she makes one of that name."""
    behind = write("""
      local dogger = require "dogger"
      return function(req)
        if req.method ~= "POST" or not req.path:find("/containers/create") then return end
        dogger.log("has passed")
        local seen = { method = "GET", target = "/volumes/moving", body = "" }
        repeat dogger.sleep(0.01) until req:forward(seen).body:find('"41001"')
      end""", "behind.lua")
    dogger = serve([MINE, behind], "--upstream", home.engine.socket, "--quiet")
    open_to_all(dogger)
    for settings in ({"Binds": ["moving:/v"]}, {"Mounts": [{"Type": "volume", "Source": "moving", "Target": "/v"}]}):
        before, answers, mark = other_containers(home), [], dogger.mark
        with acting_as(BOB):
            connection = dogger.connect()
        making = threading.Thread(target=lambda: answers.append(
            connection.ask("POST", "/v1.41/containers/create", JSON, json.dumps(host(**settings)))))
        making.start()
        dogger.wait("has passed", mark)
        assert ask(dogger, BOB, "DELETE", "/volumes/moving").status == 204
        assert ask(dogger, ALICE, "POST", "/volumes/create", JSON, json.dumps({"Name": "moving"})).status == 201
        making.join(PATIENCE)
        connection.socket.close()
        assert answers[0].status == 409 and "another's" in answers[0].message, answers
        assert other_containers(home) == before
        assert ask(dogger, ALICE, "DELETE", "/volumes/moving").status == 204      # nothing holds it


def test_bob_does_nothing_with_a_container_of_his_that_has_her_volume(mine, home):
    his = {"Labels": {"dogger.owner": str(BOB)}}
    for way in (host(Binds=["alicevolume:/v"]), host(VolumesFrom=["alices"])):
        number = home.create("/containers/create?name=his", way | his)["Id"]
        assert home.engine.ask("POST", f"/containers/{number}/start", b"").status == 204
        started = home.create(f"/containers/{number}/exec", {"Cmd": ["touch", "/attacked"]})["Id"]
        for method, path, body in ON_CONTAINER:
            path, data = path.replace("{c}", "his"), json.dumps(body).replace("{c}", "his") if isinstance(body, dict) else body
            answer = ask(mine, BOB, method, path, JSON if isinstance(body, dict) else (), b"" if data is None and method == "POST" else data)
            assert refused(answer) or answer.status == 501, (method, path, answer)
        for method, path in (("GET", f"/exec/{started}/json"), ("POST", f"/exec/{started}/start")):
            assert ask(mine, BOB, method, path, JSON, "{}" if method == "POST" else None).status == 404
        assert home.engine.ask("DELETE", "/containers/his?force=1").status == 204


@pytest.mark.parametrize("how", JOINING)
def test_no_network_that_is_gone_becomes_alice_s(mine, home, how):
    """To the engine a name is also the beginning of an id, and is looked up anew at each start."""
    def bobs(method, path, body=None):
        return ask(mine, BOB, method, path, JSON if body else (), json.dumps(body) if body else b"")

    def straight(method, path, body=None):
        return home.engine.ask(method, path, body if body is not None else b"")

    before, names = home.state(), brief_names(home)
    assert names
    number = join(straight, how, names[0])
    assert straight("POST", f"/containers/{number}/start").status == 204
    ends = straight("GET", f"/containers/{number}/json").json["NetworkSettings"]["Networks"]
    assert home.network in [one["NetworkID"] for one in ends.values()]      # the engine itself falls for it
    straight("DELETE", f"/containers/{number}?force=1")
    for name in names:
        number = join(bobs, how, name)
        answer = bobs("POST", f"/containers/{number}/start")
        assert answer.status == 404, (name, answer)
        ends = straight("GET", f"/containers/{number}/json").json["NetworkSettings"]["Networks"]
        assert home.network not in [one["NetworkID"] for one in ends.values()], (name, ends)
        assert bobs("DELETE", f"/containers/{number}?force=1").status == 204
    # A name that was bob's, and is alice's now.
    number = join(bobs, how, "default_app")
    hers = ask(mine, ALICE, "POST", "/networks/create", JSON, json.dumps({"Name": "default_app"})).json["Id"]
    assert bobs("POST", f"/containers/{number}/start").status == 404
    ends = straight("GET", f"/containers/{number}/json").json["NetworkSettings"]["Networks"]
    assert hers not in [one["NetworkID"] for one in ends.values()], ends
    assert straight("DELETE", f"/networks/{hers}").status == 204
    assert home.state() == before


def test_what_bob_makes_is_his_and_nobody_can_say_otherwise(mine, home):
    forged = {"Labels": {"dogger.owner": str(ALICE)}}
    count = 0
    for path, harmless in (("/networks/create", {"Name": "n"}), ("/volumes/create", {"Name": "v"}), ("/volumes/create", {})):
        for spelling, headers, data in attacks.bodies(harmless | forged, harmless):
            answer = ask(mine, BOB, "POST", path, headers, data)
            assert refused(answer) or answer.status == 201, (path, spelling, answer)
            count += 1
            kind = path.split("/")[1]
            listed = home.engine.ask("GET", f"/{kind}").json
            listed = listed if kind == "networks" else listed["Volumes"]
            for one in listed:
                if one["Name"] not in ("alicevolume", "alicenet", "bridge", "host", "none", home.anonymous):
                    assert one["Labels"]["dogger.owner"] == str(BOB), (path, spelling, one)
                    home.engine.ask("DELETE", f"/{kind}/{one['Name']}")
    assert count > 100


TAR = [("Content-Type", "application/x-tar")]
OWNER = f"dogger.owner={ALICE}"
WAITING = "RUN until test -e /go; do sleep 0.02; done\n"
# Dockerfiles, and what stands in the query, of builds whose containers have alice's label.
BUILDS = {
    "a label": (f"FROM busybox\nLABEL {OWNER}\n" + WAITING, ""),
    "a label and the name of an image": (f"FROM busybox\nLABEL {OWNER} image=busybox name=alices\n" + WAITING, ""),
    "a label, indirectly": ("FROM busybox\nARG X\nENV Y=$X\nLABEL $Y=41001\n" + WAITING,
        "&buildargs=" + "%7B%22X%22%3A%22dogger.owner%22%7D"),
    "a label by a build's argument": (f"FROM busybox\nARG X=41001\nLABEL \"dogger.owner\"=$X\n" + WAITING, ""),
    "a label of a stage": (f"FROM busybox AS one\nLABEL {OWNER}\nFROM one\n" + WAITING, ""),
    "a label of an image": ("FROM hers\n" + WAITING, ""),
    "a label of an image, on build": ("FROM trigger\n" + WAITING, ""),
    "a label from nothing": (f"FROM scratch\nLABEL {OWNER} image=busybox\nCOPY --from=busybox / /\nENV PATH=/bin\n" + WAITING, ""),
    "kept afterwards": (f"FROM busybox\nLABEL {OWNER}\n{WAITING}RUN false\n", "&rm=0&forcerm=0"),
    "kept afterwards, said twice": (f"FROM busybox\nLABEL {OWNER}\n{WAITING}RUN false\n", "&rm=0&rm=0&f%6Frcerm=0&forcerm=false"),
    "in a network of bob's": (f"FROM busybox\nLABEL {OWNER}\n" + WAITING, "&networkmode=bobnet"),
    "a label of the result": ("FROM busybox\n" + WAITING, '&labels=%7B"dogger.owner"%3A"41001"%7D'),
}


def context(dockerfile):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    return data.getvalue()


def other_containers(home):
    return [one for one in home.engine.ask("GET", "/containers/json?all=1").json if one["Id"] not in (home.container, home.stranger)]


def wait_for_build(home):
    """Its container, when it runs and waits for the file /go; made of an image by its id."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for one in other_containers(home):
            if one["State"] == "running" and "/go" in one["Command"]:
                return one["Id"]
        time.sleep(0.02)
    pytest.fail("the build does not come to its second step")


@pytest.fixture
def liars(home):
    """Images whose label, or whose trigger, says that they are alice's."""
    number = home.create("/containers/create?name=made", PLAIN)["Id"]
    home.engine.ask("POST", f"/commit?container={number}&repo=hers", {"Labels": {"dogger.owner": str(ALICE)}})
    home.engine.ask("POST", f"/commit?container={number}&repo=trigger", {"OnBuild": [f"LABEL {OWNER}"]})
    home.engine.ask("DELETE", f"/containers/{number}")
    yield
    for name in "hers", "trigger":
        home.engine.ask("DELETE", f"/images/{name}?force=1")


@pytest.mark.parametrize("way", BUILDS)
def test_no_build_s_container_passes_for_alice_s(mine, home, liars, way):
    ask(mine, BOB, "POST", "/networks/create", JSON, json.dumps({"Name": "bobnet"}))
    dockerfile, query = BUILDS[way]
    before, begun, answers = home.state(), int(time.time()), []
    with acting_as(BOB):        # not in the thread: it is the whole process that is somebody else
        connection = mine.connect()
    build = threading.Thread(target=lambda: answers.append(
        connection.ask("POST", "/v1.41/build?nocache=1" + query, TAR, context(dockerfile))))
    build.start()
    number = wait_for_build(home)
    try:
        if "of the result" not in way:      # the engine itself falls for it
            assert number in home.engine.ask("GET", f'/containers/json?filters={{"label":["{OWNER}"]}}').text
        count = 0
        for uid in ALICE, BOB:
            listed = ask(mine, uid, "GET", "/containers/json?all=1&size=1").json
            assert [one["Names"] for one in listed] == ([["/alices"]] if uid == ALICE else []), listed
            for method, path, body in ON_CONTAINER:
                for name in number, number[:12]:
                    data = json.dumps(body).replace("{c}", name) if isinstance(body, dict) else b"" if method == "POST" else body
                    answer = ask(mine, uid, method, path.replace("{c}", name), JSON if isinstance(body, dict) else (), data)
                    assert refused(answer) or answer.status == 501, (uid, method, path, answer)
                    count += 1
        assert count > 150
        assert [one["State"] for one in other_containers(home)].count("running") == 1
    finally:
        made = home.engine.ask("POST", f"/containers/{number}/exec", {"Cmd": ["touch", "/go"]}).json["Id"]
        home.engine.ask("POST", f"/exec/{made}/start", {"Detach": True})
        build.join(PATIENCE)
        connection.socket.close()
    assert answers[0].status == 200, answers
    assert not other_containers(home)
    until = int(time.time()) + 1
    straight = home.engine.ask("GET", f'/events?since={begun}&until={until}&filters={{"label":["{OWNER}"]}}').text
    assert "of the result" in way or number in straight
    for uid in ALICE, BOB:
        told = ask(mine, uid, "GET", f"/events?since={begun}&until={until}").text
        assert number not in told and "sha256:" not in told, told
    assert home.state()[:5] == before[:5]


def test_no_build_has_a_cache_or_a_cgroup_with_her(mine, home):
    """BuildKit's RUN --mount=type=cache has what anybody's build left under the same id."""
    mount = "FROM busybox\nRUN --mount=type=cache,id=shared,target=/c "
    for step in ("echo hers > /c/x", "cat /c/x"):
        answer = home.engine.ask("POST", "/v1.41/build?version=2", context(mount + step))
        assert '"moby.image.id"' in answer.text, answer
    for query in ("version=2", "version=1&version=2", "version=2&version=1", "v%65rsion=2", f"cgroupparent=/docker/{home.container}",
        f"cgroupparent=&cgroupparent=/docker/{home.container}"):
        answer = ask(mine, BOB, "POST", f"/v1.41/build?{query}", TAR, context(mount + "cat /c/x"))
        assert answer.status == 403, (query, answer)


def test_no_build_s_network_that_is_gone_becomes_alice_s(serve, write, home):
    """A build whose body is held back until its network is gone."""
    data = context("FROM busybox\nRUN echo address $(hostname -i)\n")

    def begin(connection, name):
        head = TAR + [("Content-Length", str(len(data)))]
        return connection.begin("POST", f"/v1.41/build?nocache=1&networkmode={name}", head).send(data[:600])

    subnet = home.engine.ask("GET", f"/networks/{home.network}").json["IPAM"]["Config"][0]["Subnet"]
    hers = "address " + subnet.rpartition(".")[0] + "."
    name = brief_names(home)[0]
    home.create("/networks/create", {"Name": name})
    with Connection(str(home.engine.socket)) as connection:
        begin(connection, name)
        assert home.engine.ask("DELETE", f"/networks/{name}").status == 204
        assert hers in connection.send(data[600:]).read_response().text      # the engine itself falls for it

    behind = write('return function(req) if req.path:find("/build") then require("dogger").log("has passed") end end', "behind.lua")
    dogger = serve([MINE, behind], "--upstream", home.engine.socket, "--quiet")
    open_to_all(dogger)
    for name in [*brief_names(home), "bobs_own"]:
        assert ask(dogger, BOB, "POST", "/networks/create", JSON, json.dumps({"Name": name})).status == 201
        with acting_as(BOB):
            connection = dogger.connect()
        with begin(connection, name):
            if name != "bobs_own":
                assert "could begin an id" in connection.read_response().message
            else:
                dogger.wait("has passed")
            assert ask(dogger, BOB, "DELETE", f"/networks/{name}").status == 204
            if name == "bobs_own":
                told = connection.send(data[600:]).read_response().text
                assert hers not in told and "not found" in told, told


def test_her_own_is_hers_by_whatever_name_its_image_has(mine, home):
    image = home.engine.ask("GET", "/images/busybox/json").json["Id"]
    names = {"whole": image, "bare": image[7:], "short": image[7:19], "short with its kind": image[:19], "name": "busybox"}
    numbers, begun = [], int(time.time())
    for name in names.values():
        answer = ask(mine, ALICE, "POST", "/containers/create", JSON, json.dumps({"Image": name, "Cmd": ["true"]}))
        assert answer.status == 201, (name, answer)
        numbers.append(answer.json["Id"])
        assert ask(mine, ALICE, "POST", f"/containers/{numbers[-1]}/start", (), b"").status == 204
        assert ask(mine, ALICE, "POST", f"/containers/{numbers[-1]}/wait", (), b"").json["StatusCode"] == 0
    assert {one["Id"] for one in ask(mine, ALICE, "GET", "/containers/json?all=1").json} == {*numbers, home.container}
    events = [json.loads(line) for line in
              ask(mine, ALICE, "GET", f"/events?since={begun}&until={int(time.time()) + 1}").text.splitlines()]
    assert [event["Actor"]["ID"] for event in events if event["Action"] == "die"] == numbers
    # The image's name goes to another one: then the engine lists the id.
    home.engine.ask("POST", f"/commit?container={numbers[0]}&repo=moving", {})
    number = ask(mine, ALICE, "POST", "/containers/create", JSON, json.dumps({"Image": "moving"})).json["Id"]
    home.engine.ask("POST", "/images/busybox/tag?repo=moving", b"")
    listed = {one["Id"]: one["Image"] for one in ask(mine, ALICE, "GET", "/containers/json?all=1").json}
    assert listed[number].startswith("sha256:")
    for number in numbers + [number]:
        assert ask(mine, ALICE, "DELETE", f"/containers/{number}?force=1").status == 204
    home.engine.ask("DELETE", "/images/moving?force=1")
    for empty in ({"Cmd": ["true"]}, {"Image": ""}, {"Image": None}, {"image": "busybox"}):
        assert refused(ask(mine, ALICE, "POST", "/containers/create", JSON, json.dumps(empty)))


def test_no_option_of_ps_shows_another_s_processes(mine, home):
    """The engine tells a container's processes from all others by the column that is called PID, which ps can call any column."""
    many = "i=0; while [ $i -lt 50 ]; do sleep 900 & i=$((i+1)); done; wait"
    number = home.create("/containers/create?name=many", {"Image": "busybox", "Cmd": ["sh", "-c", many], "Labels": {"dogger.owner": str(BOB)}})["Id"]
    assert home.engine.ask("POST", f"/containers/{number}/start", b"").status == 204

    def straight(path):
        return home.engine.ask("GET", path)

    def through(path):
        return ask(mine, BOB, "GET", path)

    def listed(way, options):
        return way(f"/v1.41/containers/many/top?ps_args={options}").json["Processes"] or []

    pids = until(lambda: len(found := listed(straight, "-o%20pid")) > 50 and [int(line[0]) for line in found], "all of its processes run")
    secret = {"Image": "busybox", "User": str(pids[-1]), "Cmd": ["sleep", "901"], "Env": ["SECRET=hers"], "Labels": {"dogger.owner": str(ALICE)}}
    hers = home.create("/containers/create?name=secret", secret)["Id"]
    assert home.engine.ask("POST", f"/containers/{hers}/start", b"").status == 204
    attack = "-ouid%3DPID%20-oargs%20-e%20f%20e"
    assert "SECRET=hers" in str(listed(straight, attack)), "the engine itself would tell"
    for options in (attack, "-ouid%3DPID", "o%20uid%3DPID", "-o%20uid%3DPID,args%20-e%20f", "-o%20pid&ps_args=" + attack, "-o%20args%20--cols%203"):
        assert refused(through(f"/v1.41/containers/many/top?ps_args={options}")), options
    for options in ("", "-ef", "aux", "-o%20pid,args"):
        assert len(listed(through, options)) > 50
    for one in (number, hers):
        assert home.engine.ask("DELETE", f"/containers/{one}?force=1").status == 204


def test_what_she_commits_has_no_label_and_builds_go_on_from_it(mine, home, docker):
    assert ask(mine, ALICE, "POST", f"/commit?container={home.container}&repo=hers&changes=CMD+x&changes=LABEL+a%3Db", (), b"").status == 201
    config = home.engine.ask("GET", "/images/hers/json").json["Config"]
    assert config["Labels"] == {"a": "b", "dogger.owner": ""} and config["Cmd"] == ["/bin/sh", "-c", "x"]
    home.engine.ask("DELETE", "/images/hers?force=1")


def test_no_refusal_names_a_container_of_hers(mine, home):
    bridge = {"Driver": "bridge", "Options": {"com.docker.network.bridge.name": "taken"}}
    number = home.create("/networks/create", bridge | {"Name": "alicebridge", "Labels": {"dogger.owner": str(ALICE)}})["Id"]
    own = ask(mine, BOB, "POST", "/containers/create?name=bobs", JSON, json.dumps(PLAIN)).json["Id"]
    volume = ask(mine, BOB, "POST", "/volumes/create", JSON, "{}").json["Name"]
    home.create("/containers/create?name=admin", host(Binds=[f"{volume}:/v"]))
    for method, path, body in (
        ("POST", "/containers/create?name=alices", PLAIN), ("POST", "/containers/create?name=stranger", PLAIN),
        ("POST", "/containers/bobs/rename?name=alices", None), ("POST", "/networks/create", bridge | {"Name": "bobbridge"}),
        ("DELETE", f"/volumes/{volume}", None),
    ):
        straight = home.engine.ask(method, path, body if body is not None else b"")
        told = ask(mine, BOB, method, path, JSON if body else (), json.dumps(body) if body else b"")
        assert straight.status == told.status and told.status in (403, 409), (path, straight, told)
        assert any(len(word) >= 12 for word in straight.message.replace('"', " ").replace("[", " ").replace("]", " ").split())
        numbers = [home.container, home.stranger, number, number[:12]] + [one["Id"] for one in other_containers(home) if one["Id"] != own]
        assert any(one in straight.message for one in numbers), straight
        assert not any(one in told.message for one in numbers) and "of another user" in told.message, told
    assert own in ask(mine, BOB, "POST", "/containers/create?name=bobs", JSON, json.dumps(PLAIN)).message
    home.engine.ask("DELETE", "/networks/alicebridge")


def test_no_filter_says_whether_there_is_a_container(mine, home):
    """As the engine would."""
    own = ask(mine, BOB, "POST", "/containers/create?name=bobs", JSON, json.dumps(PLAIN)).json["Id"]
    for name in "before", "since":
        for form in '{"%s":["%s"]}', '{"%s":{"%s":true}}':
            def told(value):
                return ask(mine, BOB, "GET", f"/v1.41/containers/json?all=1&filters={encoded(form % (name, value))}")
            assert home.engine.ask("GET", f"/containers/json?filters={encoded(form % (name, home.container))}").status == 200
            nothing = told("nothing")
            assert nothing.status == 404
            for value in ("alices", home.container, home.container[:6], home.stranger[:12]):
                assert told(value).text == nothing.text.replace("nothing", value)
            assert told("bobs").status == 200 and told(own[:12]).status == 200 and told(own).status == 200


def test_over_tcp_nobody_is_somebody(serve, home):
    dogger = serve(MINE, "--upstream", home.engine.socket, tcp=True)
    for method, path in (("GET", "/containers/json"), ("GET", "/_ping"), ("POST", "/containers/create"),
        ("GET", "/containers/alices/json"), ("GET", "/events")):
        answer = dogger.request(method, path, JSON, "{}" if method == "POST" else None)
        assert answer.status == 403 and "over TCP" in answer.message


DAY = """
docker run --rm busybox echo hello
docker network create net-$me && docker volume create vol-$me
docker run -d --name web-$me -e A=b -v data-$me:/data -v /anonymous --mount type=volume,target=/m --network net-$me busybox sleep 1000
docker run -d --name peer-$me --network container:web-$me --volumes-from web-$me --pid container:web-$me busybox sleep 1000
docker exec web-$me ls / && echo a | docker exec -i web-$me cat && docker exec -d web-$me true
docker cp upfile web-$me:/data && docker cp web-$me:/data/upfile - | tar -xO
docker logs web-$me && docker top web-$me && docker stats --no-stream web-$me && docker diff web-$me && docker inspect web-$me
docker update --memory 32m --memory-swap 32m web-$me && docker rename web-$me site-$me && docker restart -t 0 site-$me
docker network disconnect net-$me site-$me && docker network connect net-$me site-$me && docker network inspect net-$me
docker commit site-$me image-$me && docker export site-$me | tar -t
DOCKER_BUILDKIT=0 docker build -t built-$me context && docker images && docker history built-$me && docker tag busybox other-$me
docker version && docker info && docker events --since 1m --until 0s && docker ps -a && docker volume ls && docker network ls
docker stop -t 0 site-$me && docker rm site-$me && docker rm -f peer-$me && docker network rm net-$me && docker volume rm data-$me vol-$me
docker container prune -f && docker network prune -f --filter label=x && docker volume prune -f
"""


def test_both_do_a_day_s_work_side_by_side(mine, home, docker, directory):
    (directory / "context").mkdir()
    (directory / "context/Dockerfile").write_text("FROM busybox\nRUN echo built\n")
    (directory / "upfile").write_text("carried\n")
    before = home.state()[1:5]
    client = docker(mine)
    lines = [(me, uid, line) for line in DAY.strip().splitlines() for me, uid in (("alice", ALICE), ("bob", BOB))]
    for me, uid, command in lines:
        client.user = uid
        done = client.shell(command, directory, {"me": me})
        assert done.returncode == 0, (me, command, done.stderr)
        if me == "bob":
            assert b"alice" not in done.stdout or "docker images" in command or "docker info" in command, (command, done.stdout)
    assert home.state()[1:5] == before


@pytest.mark.parametrize("chain", ["nopriv mine", "mine nopriv"])
def test_with_nopriv_it_is_closed_to_the_host_as_well(serve, home, docker, directory, chain):
    dogger = serve([MINE.with_name(f"{name}.lua") for name in chain.split()], "--upstream", home.engine.socket, "--quiet")
    open_to_all(dogger)
    client = docker(dogger)
    client.user = BOB
    (directory / "upfile").write_text("carried\n")
    before = home.state()
    for command in (
        "docker run --rm busybox echo hello",
        "docker network create bobnet && docker run -d --name bobs -v bobdata:/d --network bobnet busybox sleep 1000",
        "docker exec bobs ls / && echo a | docker exec -i bobs cat",
        "docker cp upfile bobs:/d && docker logs bobs && docker inspect bobs && docker ps",
        "docker rm -f bobs && docker network rm bobnet && docker volume rm bobdata",
    ):
        done = client.shell(command, directory)
        assert done.returncode == 0, (command, done.stderr)
    for command in (
        "docker run --rm -v /:/host busybox true", "docker run --rm --network host busybox true",
        "docker run --rm --volumes-from alices busybox true",
        "docker run --rm -v alicevolume:/v busybox true", "docker run --rm --network alicenet busybox true", "docker exec alices true",
        "docker run --rm --network container:alices busybox true", "docker rm alices", "docker inspect alices",
        "docker network connect alicenet bobs",
    ):
        assert client.shell(command, directory).returncode != 0, command
    assert home.state() == before


def test_docker_py_has_its_day_too(mine, home, docker_py):
    with acting_as(BOB):
        client = docker_py(mine)
        assert [c.name for c in client.containers.list(all=True)] == []
        assert client.containers.run("busybox", "echo hello", remove=True) == b"hello\n"
        network = client.networks.create("bobnet", driver="bridge")
        container = client.containers.run("busybox", "sleep 1000", name="bobs", detach=True, network="bobnet",
            volumes={"bobdata": {"bind": "/d", "mode": "rw"}})
        assert container.exec_run("echo inside").output == b"inside\n"
        assert container.stats(stream=False)["name"] == "/bobs"
        assert [c.name for c in client.containers.list()] == ["bobs"] and [n.name for n in client.networks.list()] == ["bobnet"]
        container.remove(force=True)
        network.remove()
        assert client.volumes.list()[0].name == "bobdata"
