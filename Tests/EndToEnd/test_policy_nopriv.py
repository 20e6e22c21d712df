"""nopriv.lua in front of a real engine: whatever is tried, no container gets a way to the host; and a day's work goes on."""

import json
import shutil

import pytest
from harness import ROOT, Engine, attacks

FOLDER = ROOT / "examples/handlers"
JSON = [("Content-Type", "application/json")]
PLAIN = {"Image": "busybox", "Cmd": ["sleep", "1000"]}


def host(**settings):
    return PLAIN | {"HostConfig": settings}


def bind_volume(**options):
    return {"Name": "local", "Options": {"type": "none", "device": "/", "o": "bind"} | options}


# Each leads to the host, when it is sent straight to the engine.
WAYS = {
    "privileged": host(Privileged=True),
    "a capability": host(CapAdd=["SYS_ADMIN"]),
    "all capabilities": host(CapAdd=["ALL"]),
    "a device": host(Devices=[{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}]),
    "a rule for devices": host(DeviceCgroupRules=["a *:* rwm"]),
    "the root directory": host(Binds=["/:/host"]),
    "the engine's socket": host(Binds=["/tmp:/x:ro"]),
    "a directory above": host(Binds=["/srv/shared/../..:/host"]),
    "a directory with more slashes": host(Binds=["//:/host"]),
    "a bind among others": host(Binds=["data:/data", "/etc:/host:ro"]),
    "a bind with propagation": host(Binds=["/:/host:rshared"]),
    "a bind mount": host(Mounts=[{"Type": "bind", "Source": "/", "Target": "/host"}]),
    "a bind mount among others": host(Mounts=[
        {"Type": "tmpfs", "Target": "/t"}, {"Type": "bind", "Source": "/etc", "Target": "/host", "ReadOnly": True}]),
    "a volume that binds": host(Mounts=[
        {"Type": "volume", "Source": "new", "Target": "/host", "VolumeOptions": {"DriverConfig": bind_volume()}}]),
    "a volume without a name that binds": host(Mounts=[
        {"Type": "volume", "Target": "/host", "VolumeOptions": {"DriverConfig": bind_volume(o="rbind,rw")}}]),
    "the administrator's volume that binds": host(Binds=["adminvolume:/host"]),
    "the administrator's volume, as a mount": host(Mounts=[{"Type": "volume", "Source": "adminvolume", "Target": "/host"}]),
    "the volumes of a container": host(VolumesFrom=["admin"]),
    "the host's processes": host(PidMode="host"),
    "another container's processes": host(PidMode="container:admin"),
    "the host's network": host(NetworkMode="host"),
    "another container's network": host(NetworkMode="container:admin"),
    "the host's network, as an endpoint": PLAIN | {
        "HostConfig": {"NetworkMode": "host"}, "NetworkingConfig": {"EndpointsConfig": {"host": {}}}},
    "the host's shared memory": host(IpcMode="host"),
    "another container's shared memory": host(IpcMode="container:admin"),
    "the host's name": host(UTSMode="host"),
    "the host's users": host(UsernsMode="host"),
    "another cgroup": host(CgroupParent="/elsewhere"),
    "no seccomp": host(SecurityOpt=["seccomp=unconfined"]),
    "no AppArmor": host(SecurityOpt=["no-new-privileges", "apparmor=unconfined"]),
    "no labels": host(SecurityOpt=["label=disable"]),
    "all of /proc": host(MaskedPaths=[]),
    "a writable /proc": host(ReadonlyPaths=[]),
    "a setting of the kernel": host(Sysctls={"net.ipv4.ip_forward": "1"}),
    "never killed": host(OomScoreAdj=-1000),
    "not killed when out of memory": host(OomKillDisable=True, Memory=64 << 20),
    "logs to another host": host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "udp://127.0.0.1:1"}}),
    "logs to a host": host(LogConfig={"Type": "fluentd", "Config": {"fluentd-address": "127.0.0.1:1"}}),
    "another runtime": host(Runtime="io.containerd.runc.v2"),
    "privileged, as old clients wrote it": PLAIN | {"Privileged": True},
    "binds, as old clients wrote them": PLAIN | {"Binds": ["/:/host"]},
}
# The same, that this engine takes for nothing or refuses; another one may not.
REFUSED = {
    "a tmpfs that is a bind": host(Tmpfs={"/x": "rbind"}),
    "a tmpfs that is a bind, among others": host(Tmpfs={"/t": "ro,size=1m", "/x": "size=1m,bind,ro"}),
    "a tmpfs that is shared": host(Tmpfs={"/x": "rshared"}),
    "tmpfs that is no object": host(Tmpfs=["/x"]),
    "an option of the engine's own log driver": host(LogConfig={"Config": {"syslog-address": "udp://127.0.0.1:1"}}),
    "an option of another log driver": host(LogConfig={"Type": "json-file", "Config": {"fluentd-address": "unix:///run/x"}}),
    "a device of a driver": host(DeviceRequests=[{"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]]}]),
    "the host's cgroups": host(CgroupnsMode="host"),
    "another volume driver": host(VolumeDriver="other", Binds=["v:/v"]),
    "a socket of a volume driver": host(Mounts=[{"Type": "volume", "Target": "/x", "VolumeOptions": {"DriverConfig": {"Name": "other"}}}]),
    "a named pipe": host(Mounts=[{"Type": "npipe", "Source": "/", "Target": "/x"}]),
    "a type in capitals": host(Mounts=[{"Type": "BIND", "Source": "/", "Target": "/x"}]),
    "a type that is missing": host(Mounts=[{"Source": "/", "Target": "/x"}]),
    "a relative bind": host(Binds=["../../..:/host"]),
    "a home": host(Binds=["~/:/host"]),
    "a bind with four parts": host(Binds=["/srv:/x:/:/y"]),
    "a bind that is no text": host(Binds=[{"Source": "/"}]),
    "binds that are no list": host(Binds={"0": "/:/host"}),
    "mounts that are no list": host(Mounts={"0": {"Type": "bind", "Source": "/", "Target": "/x"}}),
    "a storage option": host(StorageOpt={"size": "1G"}),
    "annotations": host(Annotations={"run.oci.keep_original_groups": "1"}),
    "what does not exist yet": host(FutureAccess="all"),
    "a realtime budget": host(CpuRealtimeRuntime=1000),
    "a HostConfig that is a list": PLAIN | {"HostConfig": [{"Privileged": True}]},
    "an endpoint's driver option": PLAIN | {"NetworkingConfig": {"EndpointsConfig": {"bridge": {"DriverOpts": {"a": "b"}}}}},
}


def ways_out(engine):
    """How containers of this engine, except the administrator's, reach the host; told by the engine, not by the policy."""
    found = []
    for listed in engine.ask("GET", "/containers/json?all=1").json:
        if "/admin" in listed["Names"]:
            continue
        container = engine.ask("GET", f"/containers/{listed['Id']}/json").json
        config = container["HostConfig"]
        found += [field for field in (
            "Privileged", "CapAdd", "Devices", "DeviceCgroupRules", "DeviceRequests", "VolumesFrom", "PidMode", "UTSMode", "UsernsMode",
            "Cgroup", "CgroupParent", "Sysctls", "OomScoreAdj", "OomKillDisable", "StorageOpt") if config.get(field)]
        found += [field for field in ("MaskedPaths", "ReadonlyPaths") if not config[field]]
        found += [option for option in config["SecurityOpt"] or [] if not option.startswith("no-new-privileges")]
        found += [mode for mode in (config["NetworkMode"], config["IpcMode"]) if mode.startswith(("host", "container:"))]
        found += [name for name in container["NetworkSettings"]["Networks"] if name == "host"]
        found += [mount["Source"] for mount in container["Mounts"] if mount["Type"] == "bind"]
        found += [kind for kind in [config["LogConfig"]["Type"]] if kind != "json-file"]
        found += [runtime for runtime in [config["Runtime"]] if runtime != "runc"]
        found += [mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume" and options(engine, mount["Name"])]
    return found


def options(engine, volume):
    return engine.ask("GET", f"/volumes/{volume}").json["Options"]


def remove_containers(engine):
    for container in engine.ask("GET", "/containers/json?all=1").json:
        if "/admin" not in container["Names"] and "/plain" not in container["Names"]:
            engine.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")


@pytest.fixture(scope="module")
def inhabited(common_engine):
    """An engine in which somebody with its own socket has made a container that sees the host, one that does not, a volume that binds."""
    engine = common_engine
    volume = {"Name": "adminvolume", "Driver": "local", "DriverOpts": bind_volume()["Options"]}
    assert engine.ask("POST", "/volumes/create", volume).status == 201
    sees = host(Binds=[f"{engine.directory}:/host"], PidMode="host")
    assert engine.ask("POST", "/containers/create?name=admin", sees).status == 201
    assert engine.ask("POST", "/containers/create?name=plain", PLAIN).status == 201
    for name in "admin", "plain":
        assert engine.ask("POST", f"/containers/{name}/start").status == 204
    yield engine
    engine.clear()


@pytest.fixture
def administrator(inhabited):
    yield inhabited
    remove_containers(inhabited)


@pytest.fixture
def nopriv(serve, administrator):
    return serve(FOLDER / "nopriv.lua", "--upstream", administrator.socket, "--quiet")


def attack(dogger, method, target, headers=(), body=None):
    """The status of one attack; 0 when the connection was closed."""
    with dogger.connect() as connection:
        try:
            return connection.ask(method, target, headers, body).status
        except (OSError, AssertionError):
            return 0


@pytest.mark.parametrize("way", WAYS)
def test_sent_straight_to_the_engine_it_is_a_way_out(way, administrator):
    answer = administrator.ask("POST", "/containers/create", WAYS[way])
    assert answer.status == 201, answer
    assert ways_out(administrator)


def test_nopriv_refuses_every_way_out_and_says_why(nopriv, administrator):
    for way, body in (WAYS | REFUSED).items():
        answer = nopriv.request("POST", "/v1.41/containers/create", JSON, json.dumps(body))
        if "/proc" in way:      # an empty list counts as nothing, and is taken out
            assert answer.status == 201 and not ways_out(administrator)
        else:
            assert answer.status in (400, 403) and answer.message, (way, answer)
    assert not ways_out(administrator)


@pytest.mark.parametrize("chain", ["nopriv mine", "mine nopriv", "nopriv label", "label nopriv", "log nopriv redact"])
def test_nopriv_refuses_them_in_company_too(serve, administrator, chain):
    """Where one policy asks, another answers: what that one hides must not count as harmless."""
    dogger = serve([FOLDER / f"{name}.lua" for name in chain.split()], "--upstream", administrator.socket, "--quiet")
    for way, body in (WAYS | REFUSED).items():
        status = attack(dogger, "POST", "/v1.41/containers/create", JSON, json.dumps(body))
        assert status == 201 and "/proc" in way or 400 <= status < 500, (way, status)
        assert not ways_out(administrator), way
    number = dogger.request("POST", "/v1.41/containers/create", JSON, json.dumps(PLAIN)).json["Id"]
    assert attack(dogger, "POST", f"/containers/{number}/exec", JSON, json.dumps(EXEC | {"Privileged": True})) == 403
    assert attack(dogger, "POST", f"/containers/{number}/start", JSON, json.dumps({"Privileged": True})) == 204
    assert not ways_out(administrator)


def test_nopriv_lets_no_spelling_of_a_body_through(nopriv, administrator):
    count = 0
    for way, body in WAYS.items():
        for spelling, headers, data in attacks.bodies(body, PLAIN):
            status = attack(nopriv, "POST", "/v1.41/containers/create", headers, data)
            assert status in (0, 201) or 400 <= status < 500, (way, spelling, status)
            count += 1
            if status == 201:
                assert not ways_out(administrator), (way, spelling)
                remove_containers(administrator)
    assert count > 1000
    assert not ways_out(administrator)


def test_nopriv_lets_no_spelling_of_a_path_through(nopriv, administrator):
    data = json.dumps(host(Privileged=True, Binds=["/:/host"]))
    tried = [(method, path) for path in attacks.paths("/containers/create?name=new") for method in ("POST", "post", "PUT", "PATCH", "GET")]
    assert len(tried) > 100
    for method, path in tried:
        status = attack(nopriv, method, path, JSON, data)
        assert status == 0 or 400 <= status < 500 or path.startswith("/_ping?"), (method, path, status)
    assert len(administrator.ask("GET", "/containers/json?all=1").json) == 2


def network_ids(engine):
    number = next(network["Id"] for network in engine.ask("GET", "/networks").json if network["Name"] == "host")
    return number, number[:12], number[:4]


def test_nopriv_knows_the_host_s_network_by_its_id(nopriv, administrator):
    for number in network_ids(administrator):
        for body in (host(NetworkMode=number), PLAIN | {"NetworkingConfig": {"EndpointsConfig": {number: {}}}}):
            assert nopriv.request("POST", "/containers/create", JSON, json.dumps(body)).status == 403


def test_nopriv_knows_the_host_s_network_behind_another_s_name(nopriv, administrator):
    """To the engine an endpoint's NetworkID counts more than the name that it stands under."""
    administrator.ask("POST", "/networks/create", {"Name": "net1"})
    endpoint = {"NetworkID": network_ids(administrator)[0]}
    body = host(NetworkMode="net1") | {"NetworkingConfig": {"EndpointsConfig": {"net1": endpoint}}}
    number = administrator.ask("POST", "/containers/create", body).json["Id"]
    assert administrator.ask("POST", f"/containers/{number}/start").status == 204
    assert "host" in ways_out(administrator)
    remove_containers(administrator)
    for spelling, headers, data in attacks.bodies(body, host(NetworkMode="net1")):
        status = attack(nopriv, "POST", "/containers/create", headers, data)
        assert status in (0, 201) or 400 <= status < 500, (spelling, status)
        for container in administrator.ask("GET", "/containers/json?all=1").json:
            administrator.ask("POST", f"/containers/{container['Id']}/start")
        assert not ways_out(administrator), spelling
        remove_containers(administrator)
    connection = {"Container": "plain", "EndpointConfig": endpoint}
    assert nopriv.request("POST", "/networks/net1/connect", JSON, json.dumps(connection)).status == 403
    administrator.ask("DELETE", "/networks/net1")


@pytest.mark.parametrize("options", ["-ouid%3DPID%20-oargs%20-e%20f%20e", "-ouid%3DPID", "-o%20pid&ps_args=-oppid%3DPID", "axe", "-o%20environ"])
def test_no_option_of_ps_shows_the_host_s_processes(nopriv, options):
    """With another column called PID the engine lists what has that number there, of all that runs on the host."""
    assert nopriv.get(f"/v1.41/containers/plain/top?ps_args={options}").status == 403


EXEC = {"Cmd": ["touch", "/attacked"], "AttachStdout": True}
OTHER = [
    ("POST", "/containers/plain/exec", EXEC | {"Privileged": True}),
    ("POST", "/containers/plain/exec", EXEC | {"privileged": True}),
    ("POST", "/containers/admin/exec", EXEC),
    ("POST", "/containers/admin/update", {"Memory": 64 << 20}),
    ("POST", "/containers/admin/stop?t=0", None), ("POST", "/containers/admin/kill", None), ("POST", "/containers/admin/pause", None),
    ("POST", "/containers/admin/rename?name=plain2", None), ("DELETE", "/containers/admin?force=1", None),
    ("POST", "/containers/admin/attach?stream=1&stdin=1&stdout=1", None), ("GET", "/containers/admin/attach/ws?stream=1&stdin=1", None),
    ("GET", "/containers/admin/archive?path=/host/etc/shadow", None), ("GET", "/containers/admin/export", None),
    ("POST", "/containers/admin/copy", {"Resource": "/host/etc/shadow"}),
    ("PUT", "/containers/admin/archive?path=/", None),
    ("POST", "/containers/plain/update", {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/x", "CgroupPermissions": "rwm"}]}),
    ("POST", "/containers/plain/update", {"CgroupParent": "/elsewhere"}),
    ("POST", "/containers/plain/start?checkpoint=x&checkpoint-dir=/tmp", None), ("POST", "/containers/plain/start?%63heckpoint=x", None),
    ("POST", "/containers/plain/checkpoints", {"CheckpointID": "x", "CheckpointDir": "/"}),
    ("POST", "/volumes/create", {"Name": "new", "DriverOpts": {"type": "none", "device": "/", "o": "bind"}}),
    ("POST", "/volumes/create", {"Name": "new", "Driver": "local", "driveropts": {"type": "none", "device": "/", "o": "bind"}}),
    ("POST", "/volumes/create", {"Name": "new", "Driver": "other"}),
    ("POST", "/volumes/create", {"Name": "new", "ClusterVolumeSpec": {"Group": "x"}}),
    ("PUT", "/volumes/new", {"Spec": {}}),
    ("POST", "/networks/create", {"Name": "new", "Driver": "macvlan", "Options": {"parent": "lo"}}),
    ("POST", "/networks/create", {"Name": "new", "Driver": "ipvlan", "Options": {"parent": "lo"}}),
    ("POST", "/networks/create", {"Name": "new", "Driver": "host"}),
    ("POST", "/networks/create", {"Name": "new", "ConfigOnly": True}),
    ("POST", "/networks/create", {"Name": "new", "Options": {"com.docker.network.bridge.name": "lo"}}),
    ("POST", "/networks/create", {"Name": "new", "IPAM": {"Config": [{"Subnet": "8.8.8.0/24", "Gateway": "8.8.8.8"}]}}),
    ("POST", "/networks/bridge/connect", {"Container": "plain", "EndpointConfig": {"DriverOpts": {"a": "b"}}}),
    ("POST", "/commit?container=admin&repo=taken", None), ("POST", "/commit?container=plain&container=admin&repo=taken", {}),
    ("POST", "/commit?repo=taken", None), ("POST", "/commit?c%6Fntainer=admin&repo=taken", {}),
    ("POST", "/networks/bridge/disconnect", {"Container": "admin"}),
    ("POST", "/networks/bridge/disconnect", {"Container": "admin", "Force": True}),
    ("POST", "/networks/host/connect", {"Container": "plain"}), ("POST", "/networks/bridge/disconnect", {"container": "admin"}),
    ("POST", "/images/%63reate?fromSrc=http://127.0.0.1:1/x.tar&repo=new", None), ("POST", "/containers/%61dmin/kill", None),
    ("POST", "/services/create", {"Name": "new", "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Mounts": [
        {"Type": "bind", "Source": "/", "Target": "/host"}]}}}),
    ("POST", "/services/x/update?version=1", {"Name": "new"}),
    ("POST", "/swarm/init", {"ListenAddr": "127.0.0.1", "AdvertiseAddr": "127.0.0.1"}),
    ("POST", "/swarm/join", {"RemoteAddrs": ["127.0.0.1"], "JoinToken": "x"}), ("GET", "/swarm", None), ("GET", "/swarm/unlockkey", None),
    ("POST", "/plugins/pull?remote=evil/plugin", []), ("POST", "/plugins/create?name=evil", None), ("POST", "/plugins/x/enable", None),
    ("POST", "/plugins/x/set", ["source=/"]), ("POST", "/secrets/create", {"Name": "x", "Data": "eA=="}),
    ("POST", "/configs/create", {"Name": "x", "Data": "eA=="}), ("GET", "/configs/x", None), ("GET", "/nodes", None),
    ("POST", "/session", None), ("POST", "/grpc", None), ("GET", "/distribution/x/json", None), ("GET", "/debug/pprof/", None),
    ("POST", "/images/create?fromSrc=http://127.0.0.1:1/x.tar&repo=new", None),
    ("POST", "/images/create?fromSrc=-&fromSrc=http://127.0.0.1:1/x.tar&repo=new", None),
    ("OPTIONS", "*", None), ("OPTIONS", "/containers/json", None), ("TRACE", "/", None), ("CONNECT", "d:80", None), ("PRI", "*", None),
]
BUILD = [
    "networkmode=host", "networkmode=host&networkmode=default", "networkmode=default&networkmode=host", "networkmod%65=host",
    "networkmode=container:admin", "networkmode=%68ost", "t=x;networkmode=host", "t=x%26networkmode=host&networkmode=host",
    "cgroupparent=/elsewhere", "securityopt=[%22seccomp=unconfined%22]", "remote=http://127.0.0.1:1/x", "remote=git://127.0.0.1/x",
    "version=2", "version=1&version=2", "version=2&version=1", "outputs=[{%22Type%22:%22local%22}]", "isolation=hyperv", "session=x",
    "NetworkMode=host&networkmode=host", "future=1", "networkmode=HOST", "networkmode=host%20",
]


def state(engine):
    containers = {name: engine.ask("GET", f"/containers/{name}/json").json for name in ("admin", "plain")}
    return (
        {name: (c["State"]["Status"], c["ExecIDs"], c["HostConfig"], sorted(c["NetworkSettings"]["Networks"]))
         for name, c in containers.items()},
        sorted(c["Id"] for c in engine.ask("GET", "/containers/json?all=1").json), sorted(n["Id"] for n in engine.ask("GET", "/networks").json),
        sorted(v["Name"] for v in engine.ask("GET", "/volumes").json["Volumes"]), sorted(i["Id"] for i in engine.ask("GET", "/images/json").json),
        engine.ask("GET", "/info").json["Swarm"]["LocalNodeState"], engine.ask("GET", "/plugins").json,
        [engine.ask("HEAD", f"/containers/{name}/archive?path=/attacked").status for name in ("admin", "plain")])


def test_nopriv_lets_no_other_request_out(nopriv, administrator):
    before = state(administrator)
    tried = [(method, prefix + path, JSON, json.dumps(body)) if body is not None else (method, prefix + path, (), b"" if method in ("POST", "PUT") else None)
             for method, path, body in OTHER for prefix in ("", "/v1.41", "/v1.12", "/%76%31%2e41") if path[0] == "/" or not prefix]
    for query in BUILD:
        tried.append(("POST", "/v1.41/build?" + query, [("Content-Type", "application/x-tar")], b""))
        tried.append(("POST", "/build", [("Content-Type", "application/x-www-form-urlencoded")], query.encode()))
    for protocol in ("h2c", "websocket", "h2c, tcp", "tcp, h2c", "TLS/1.0"):
        for path in ("/session", "/containers/json", "/containers/plain/attach?stream=1", "/containers/plain/exec"):
            tried.append(("POST", path, [("Connection", "Upgrade"), ("Upgrade", protocol), *JSON], "{}"))
    assert len(tried) > 200
    for one in tried:
        status = attack(nopriv, *one)
        assert status == 0 or 400 <= status < 500 or status == 501, (one, status)
    assert state(administrator) == before


def test_nopriv_brings_no_container_into_a_network_with_one_that_sees_the_host(nopriv, administrator):
    assert administrator.ask("POST", "/networks/create", {"Name": "net1"}).status == 201
    whole = administrator.ask("GET", "/containers/admin/json").json["Id"]
    before = state(administrator)
    for name in ("admin", whole, whole[:12], whole[:5]):
        for action in ("connect", "disconnect"):
            evil = {"Container": name, "EndpointConfig": {"Aliases": ["x"]}}
            for spelling, headers, data in attacks.bodies(evil, {"Container": "plain"}):
                status = attack(nopriv, "POST", f"/networks/net1/{action}", headers, data)
                assert status in (0, 200) or 400 <= status < 500 or (status, action) == (500, "disconnect"), (name, spelling, status)
                administrator.ask("POST", "/networks/net1/disconnect", {"Container": "plain"})
                assert state(administrator) == before, (name, action, spelling)
    assert attack(nopriv, "POST", "/networks/net1/connect", JSON, json.dumps({"Container": "plain"})) == 200
    assert attack(nopriv, "POST", "/networks/net1/disconnect", JSON, json.dumps({"Container": "plain"})) == 200
    administrator.ask("DELETE", "/networks/net1")


def test_nopriv_leaves_an_engine_its_own_log_driver(serve, monkeypatch):
    """What is told of a container names the driver; who made it did not, and can't say where its lines go."""
    monkeypatch.setenv("ENGINE_OPTIONS", "--log-driver=gelf --log-opt gelf-address=udp://127.0.0.1:9")
    engine = Engine()
    try:
        elsewhere = host(LogConfig={"Config": {"gelf-address": "udp://127.0.0.1:10"}})
        number = engine.ask("POST", "/containers/create", elsewhere).json["Id"]
        told = engine.ask("GET", f"/containers/{number}/json").json["HostConfig"]["LogConfig"]
        assert told == {"Type": "gelf", "Config": {"gelf-address": "udp://127.0.0.1:10"}}      # the engine itself falls for it
        dogger = serve(FOLDER / "nopriv.lua", "--upstream", engine.socket, "--quiet")
        assert attack(dogger, "POST", "/containers/create", JSON, json.dumps(elsewhere)) == 403
        number = dogger.request("POST", "/containers/create", JSON, json.dumps(PLAIN)).json["Id"]
        assert attack(dogger, "POST", f"/containers/{number}/start", (), b"") == 204
        assert attack(dogger, "POST", f"/containers/{number}/exec", JSON, json.dumps(EXEC)) == 201
        assert attack(dogger, "DELETE", f"/containers/{number}?force=1") == 204
    finally:
        engine.stop()


def test_nopriv_touches_no_container_that_is_a_way_out_whoever_made_it(nopriv, administrator):
    count = 0
    for way, body in WAYS.items():
        if way.startswith("logs"):
            continue            # to touch such a container leads nowhere
        number = administrator.ask("POST", "/containers/create", body).json["Id"]
        for method, action, data in (("POST", "/start", None), ("POST", "/exec", EXEC), ("POST", "/attach?logs=1", None),
            ("GET", "/archive?path=/etc", None), ("GET", "/export", None), ("POST", "/update", {"Memory": 64 << 20}), ("DELETE", "", None)):
            headers, data = (JSON, json.dumps(data)) if data else ((), b"" if method == "POST" else None)
            assert attack(nopriv, method, f"/v1.41/containers/{number}{action}", headers, data) == 403, (way, method, action)
            count += 1
        assert administrator.ask("DELETE", f"/containers/{number}?v=1").status == 204, way
    assert count > 250


def test_nopriv_starts_no_exec_that_it_would_not_have_made(nopriv, administrator):
    for container, settings in (("plain", {"Privileged": True}), ("admin", {})):
        number = administrator.ask("POST", f"/containers/{container}/exec", EXEC | settings).json["Id"]
        for path in attacks.paths(f"/exec/{number}/start"):
            status = attack(nopriv, "POST", path, JSON, '{"Detach": true}')
            assert status == 0 or 400 <= status < 500, path
        assert administrator.ask("HEAD", f"/containers/{container}/archive?path=/attacked").status == 404


def test_nopriv_lets_no_old_client_give_privileges_at_the_start(nopriv, administrator):
    for settings in ({"Privileged": True}, {"Binds": ["/tmp:/host"]}, {"PidMode": "host"}):
        for version in ("/v1.12", "/v1.23"):
            number = nopriv.request("POST", "/containers/create", JSON, json.dumps(PLAIN)).json["Id"]
            attack(nopriv, "POST", f"{version}/containers/{number}/start", JSON, json.dumps(settings))
            assert not ways_out(administrator), (settings, version)
            remove_containers(administrator)


def test_nopriv_mounts_the_directories_that_are_listed_and_no_others(serve, administrator, directory):
    shared = directory / "shared"
    (shared / "below").mkdir(parents=True)
    policy = (FOLDER / "nopriv.lua").read_text()
    listed = policy.replace('-- ["/srv/shared"] = true,', f'["{shared}"] = true,')
    assert listed != policy
    (directory / "nopriv.lua").write_text(listed)
    shutil.copytree(FOLDER / "lib", directory / "lib")
    dogger = serve(directory / "nopriv.lua", "--upstream", administrator.socket)

    def status(**settings):
        return dogger.request("POST", "/containers/create", JSON, json.dumps(host(**settings))).status

    assert status(Binds=[f"{shared}:/x"]) == 201 and status(Binds=[f"{shared}:/x:ro"]) == 201
    assert status(Mounts=[{"Type": "bind", "Source": f"{shared}", "Target": "/x"}]) == 201
    assert {tuple(ways_out(administrator))} == {(f"{shared}",) * 3}
    for source in (f"{shared}/below", f"{shared}/..", f"{shared}/", f"{shared}/.", f"/{shared}", f"{directory}", f"{shared}x", f"{shared}\n", "/", ""):
        assert status(Binds=[f"{source}:/x"]) == 403, source
        assert status(Mounts=[{"Type": "bind", "Source": source, "Target": "/x"}]) == 403, source
    for mode in ("shared", "rshared", "slave", "ro,rshared"):
        assert status(Binds=[f"{shared}:/x:{mode}"]) == 403
    assert status(Mounts=[{"Type": "bind", "Source": f"{shared}", "Target": "/x", "BindOptions": {"Propagation": "rshared"}}]) == 403


DAY = """
docker run --rm busybox echo hello
docker run -d --name web -p 8080:80 -e A=b -l k=v -v data:/data -v /anonymous --memory 64m --cpus 1 --pids-limit 50 --restart no \
--tmpfs /t --mount type=tmpfs,target=/u --mount type=volume,source=more,target=/m --cap-drop ALL --security-opt no-new-privileges --init \
--ulimit nofile=100 --add-host a:1.2.3.4 --dns 1.1.1.1 --log-opt max-size=1m -w / -u 0 --shm-size 8m --read-only --hostname web busybox sleep 1000
docker exec web ls / && docker exec -t web true && echo a | docker exec -i web cat
docker cp upfile web:/data && docker cp web:/data/upfile - | tar -xO
docker logs web && docker top web && docker stats --no-stream web && docker diff web && docker inspect web
docker update --memory 32m --memory-swap 32m web && docker rename web site && docker pause site && docker unpause site
docker commit site image && docker kill site && docker start site && docker restart -t 0 site && docker stop -t 0 site && docker wait site
docker export site -o exported && docker import exported imported
docker network create net1 && docker run -d --name peer --network net1 busybox sleep 1000 && docker network connect net1 site
docker network disconnect net1 site && docker network inspect net1 && docker network ls
docker volume create vol1 && docker volume inspect vol1 && docker volume ls && docker volume rm vol1
DOCKER_BUILDKIT=0 docker build -t built --build-arg X=1 --label l=m context && docker images && docker history built
docker tag busybox other && docker save other -o saved && docker load -i saved && docker rmi other
docker version && docker info && docker ps -a && docker events --since 1m --until 0s && docker system df
docker rm -f site peer && docker container prune -f && docker network prune -f && docker volume prune -f && docker image prune -f
"""


def test_nopriv_lets_a_day_s_work_pass(nopriv, docker, directory):
    (directory / "context").mkdir()
    (directory / "context/Dockerfile").write_text("FROM busybox\nARG X\nRUN echo built $X\n")
    (directory / "upfile").write_text("carried\n")
    client = docker(nopriv)
    for command in DAY.strip().splitlines():
        done = client.shell(command, directory)
        assert done.returncode == 0, (command, done.stderr)
