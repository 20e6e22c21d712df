"""dogger.http: what scripts ask of other servers, by permission."""

import os
import socket
import threading

import pytest
from harness import PATIENCE

SERVER = """
local dogger = require "dogger"
return {
  ["GET /json"] = function(req) return { headers = { ["X-Seen"] = req.headers["X-Sent"] or "no" }, json = { a = 1.0, list = {} } } end,
  ["* /echo"] = function(req)
    return { status = 201, headers = { ["X-Method"] = req.method, ["X-Host"] = req.headers.Host, ["X-Type"] = req.headers["Content-Type"] or "none",
      ["X-Length"] = req.headers["Content-Length"] or "none" }, body = req.body }
  end,
  ["GET /slow"] = function(req) dogger.sleep(60) return "late" end,
  ["GET /stalls"] = function(req) return { body = function(out) out:write("some") dogger.sleep(60) end } end,
  ["GET /breaks"] = function(req) return { body = function(out) out:write("some") dogger.sleep(0) error "broken" end } end,
  ["GET /moved"] = function(req) return { status = 302, headers = { Location = "/json" }, body = "there" } end,
  ["GET /stream"] = function(req) return { body = function(out) for i = 1, 3 do out:write("part " .. i) dogger.sleep(0.02) end end } end,
  ["GET /large"] = function(req) return ("x"):rep(3 << 20) end,
  ["GET /who"] = function(req) return req.peer.address or "unix" end,
}
"""

CLIENT = """
local http, dogger = require "dogger.http", require "dogger"
local URL = "%s"
return function(req)
  if req.path == "/" then return "here" end
  local run = assert(load(req.body, "@test.lua", "t", setmetatable({ http = http, dogger = dogger, URL = URL, req = req }, { __index = _G })))
  return run()
end
"""


@pytest.fixture
def pair(serve, directory, write):
    """pair(*options) starts a server, and a handler that may ask it; what is posted to that one is run."""

    def start(*options, tcp=False):
        write(SERVER, "server.lua")
        server = serve(["server.lua"], tcp=tcp)
        if tcp:
            address = server.addresses[0].removeprefix("tcp://")
            url, grant = f"http://{address}", address
        else:
            url, grant = "http+unix://" + str(server.socket).replace("/", "%2F"), server.socket
        client = serve(CLIENT % url.replace("%", "%%").replace("%%", "%"), "--allow-net", grant, *options)
        client.server = server
        return client

    return start


def run(client, text):
    answer = client.post("/run", text)
    return answer.text if answer.status == 200 else f"{answer.status} {answer.json['message']}"


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
def test_what_is_asked_and_answered(pair, tcp):
    client = pair(tcp=tcp)
    assert run(client, "local r = http.get(URL .. '/json') return r.status .. r.headers['content-type'] .. r.headers['x-seen'] .. math.type(r:json().a) .. r.body") == (
        '200application/jsonnofloat' + client.server.get("/json").text)
    assert run(client, "return http.get(URL .. '/json', { headers = { ['X-Sent'] = 7 } }).headers['X-Seen']") == "7"
    ask = "local r = http.%s return ('%%s %%s %%s %%s %%s'):format(r.status, r.headers['X-Method'], r.headers['X-Type'], r.headers['X-Length'], r.body)"
    assert run(client, ask % "post(URL .. '/echo', { body = 'text' })") == "201 POST none 4 text"
    assert run(client, ask % "post(URL .. '/echo')") == "201 POST none 0 "
    assert run(client, ask % "post(URL .. '/echo', { json = { 1 } })") == "201 POST application/json 3 [1]"
    assert run(client, ask % "post(URL .. '/echo', { json = { 1 }, headers = { ['content-type'] = 'a/b' } })") == "201 POST a/b 3 [1]"
    assert run(client, ask % "request { method = 'PUT', url = URL .. '/echo', body = ('x'):rep(10) }") == "201 PUT none 10 xxxxxxxxxx"
    assert run(client, ask % "request { url = URL .. '/echo', headers = { ['Content-Length'] = 99 } }") == "201 GET none none "
    assert run(client, "return #http.get(URL .. '/large').body .. ''") == str(3 << 20)
    assert run(client, "local n = 0 for c in http.get(URL .. '/large'):chunks() do n = n + #c end return n .. ''") == str(3 << 20)
    assert run(client, "local r = http.get(URL .. '/moved') return r.status .. r.headers.Location .. r.body") == "302/jsonthere"
    assert run(client, "return http.get(URL .. '/nothing').status .. ''") == "404"
    host = client.server.addresses[0].removeprefix("tcp://") if tcp else "localhost"
    assert run(client, "return http.get(URL .. '/echo').headers['X-Host']") == host
    if not tcp:     # over TCP the server answers to its own names only
        assert run(client, "return http.get(URL .. '/echo', { headers = { Host = 'other' } }).headers['X-Host']") == "other"


def test_an_answer_is_passed_on(pair):
    client = pair()
    answer = client.post("/run", "return http.get(URL .. '/json')")
    assert answer.json == {"a": 1.0, "list": {}} and answer["x-seen"] == "no"
    assert client.post("/run", "return http.get(URL .. '/stream')").text == "part 1part 2part 3"
    assert client.post("/run", "return http.get(URL .. '/moved')").status == 302
    assert run(client, "local r = http.get(URL .. '/stream') for c in r:chunks() do return c .. '|' .. r.body end") == "part 1|part 2part 3"
    assert run(client, "local r = http.get(URL .. '/json') r:set_json { 1 } return r") == "[1]"
    assert run(client, "local r = http.get(URL .. '/json') r.body = 'mine' return r") == "mine"
    assert run(client, "local a, b = http.get(URL .. '/stream'), http.get(URL .. '/json') return a.body .. b.body .. a.body") == (
        "part 1part 2part 3" + client.server.get("/json").text + "part 1part 2part 3")


def test_others_go_on_meanwhile(pair):
    client = pair()
    with client.connect() as slow:
        slow.begin("POST", "/run", body=b"return http.get(URL .. '/slow')")
        client.server.wait("^> GET /slow$")
        assert client.get("/").text == "here"
    # Its client is gone, so what it asked for is of no interest any more.


def test_connections_are_used_again(pair):
    client = pair(tcp=True)
    who = [run(client, "return http.get(URL .. '/who').body") for _ in range(3)]
    assert who[0] == who[1] == who[2]


def test_what_is_not_granted(pair, serve):
    client = pair()
    path = client.server.socket
    other = str(path) + "x"
    message = run(client, "return http.get('http+unix://%s/x')" % other.replace("/", "%2F"))
    assert message.startswith("500 test.lua:1: http: http+unix://") and message.endswith(
        f": a script asks no servers but those that a flag grants: dogger run --allow-net unix://{other} would grant it")
    assert "dogger run --allow-net example.com:8080 would grant it" in run(client, "return http.get('http://example.com:8080/')")
    dotted = str(path.parent / "." / "x").replace("/x", "/./" + path.name)
    assert "would grant it" in run(client, "return http.get('http+unix://%s/')" % dotted.replace("/", "%2F"))


def test_a_name_is_granted_as_it_is_written(serve, write):
    write(SERVER, "server.lua")
    server = serve(["server.lua"], tcp=True)
    port = server.addresses[0].rpartition(":")[2]
    client = serve(CLIENT % "http://x", "--allow-net", f"localhost:{port}")
    assert run(client, f"return http.get('http://LOCALHOST:{port}/who').status .. ''") == "200"
    for host in ("127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0"):
        assert "would grant it" in run(client, f"return http.get('http://{host}:{port}/who').body"), host
    assert "would grant it" in run(client, f"return http.get('http://localhost:{int(port) + 1}/who').body")
    for url in (f"http://localhost:{port}@evil/", f"http://evil#@localhost:{port}/", f"http://evil\\\\@localhost:{port}/"):
        assert run(client, f"return http.get('{url}').body").startswith("500 test.lua:1: http: '"), url
    anywhere = serve(CLIENT % "http://x", "--allow-net", "*")
    assert run(anywhere, f"return http.get('http://127.0.0.1:{port}/who').status .. ''") == "200"


def test_what_goes_wrong(pair, directory):
    client = pair("--body-limit", "1MiB", "--allow-net", "unix:///none.sock")
    faults = [
        ("http.get(URL .. '/slow', { timeout = 0.05 })", "/slow did not answer within 0.05 s: see what keeps it, or raise timeout"),
        ("http.get(URL .. '/stalls', { timeout = 0.05 }).body", "/stalls did not answer within 0.05 s: see what keeps it, or raise timeout"),
        ("http.get(URL .. '/breaks').body", "closed the connection"),
        ("http.get(URL .. '/large').body", "/large is larger than 1048576 bytes: raise --body-limit, or read it with res:chunks()"),
        ("http.get(URL .. '/moved'):json()", "the response's body is not JSON: not JSON at byte 0 "),
        ("http.get('http+unix://%2Fnone.sock/')", "the server unix:///none.sock can't be reached: there is no such socket."),
        ("http.get('https://localhost/')", "'https://localhost/' needs TLS, which is not spoken here"),
        ("http.get('localhost')", "'localhost' is no address that can be asked: write http://host:port/path, or "),
        ("http.get()", "http: there is no url"),
        ("http.get(7)", "http: url is a number, not a string"),
        ("http.get(URL, 7)", "http: the options are a number, not a table"),
        ("http.request(URL)", 'http.request takes a table such as { url = "http://localhost:8080/" }'),
        ("http.get(URL, { boddy = '' })", "http: unknown option boddy; there are method, url, headers, body, json and timeout"),
        ("http.get(URL, { timeout = 0 })", "http: timeout is a number of seconds, more than 0"),
        ("http.post(URL, { body = '', json = 1 })", "http: there are both body and json"),
        ("http.post(URL, { json = { print } })", "can't encode [1]: a function"),
        ("http.get(URL, { headers = { a = print } })", "function"),
        ("http.get(URL, { headers = { ['a\\nb'] = 1 } })", "header"),
        ("http.get(URL, { headers = { a = 'b\\r\\nc' } })", "header"),
        ("http.request { url = URL, method = 'GET /x' }", "its method or its target holds a byte that is not allowed there"),
        ("table.sort({ 1, 2 }, function() http.get(URL .. '/json') end)", "this has to wait, and nothing can wait here"),
    ]
    for text, message in faults:
        answer = run(client, f"local result = {text} return result")
        assert answer.startswith("500 test.lua:1: ") and message in answer, (text, answer)
    assert run(client, "return tostring(pcall(http.get, URL .. '/slow', { timeout = 0.05 }))") == "false"
    assert run(client, "return http.get(URL .. '/json').status .. ''") == "200"


def test_a_file_that_asks_while_it_is_loaded(serve, directory):
    from harness import finish
    (directory / "handler.lua").write_text("local http = require 'dogger.http'\nlocal r = http.get('http://localhost:1/')\nreturn function() end")
    result = finish("run", "handler.lua", "--socket", "s", "--allow-net", "localhost:1", cwd=directory)
    assert result.returncode == 1 and "handler.lua:2: this works only while a request is answered" in result.stderr


def test_an_answer_is_its_own_request_s(pair, serve, write, directory):
    client = pair()
    answer = "local r = http.get(URL .. '/stream') KEPT.r = r return r.status .. ''"
    text = (directory / "handler.lua").read_text().replace('local URL', "local KEPT = {}\nlocal URL").replace("URL = URL,", "URL = URL, KEPT = KEPT,")
    mark = client.mark
    (directory / "new").write_text(text)
    os.replace(directory / "new", directory / "handler.lua")
    client.wait("^dogger: reloaded", mark)
    assert run(client, answer) == "200"
    assert "http: this answer came to another request, which is over" in run(client, "return KEPT.r.body")


def test_a_server_that_sends_no_http(serve, directory):
    path = directory / "odd.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(4)

    def answer():
        for text in (b"220 mail ready\r\n\r\n", b""):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(text)
            connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    client = serve(CLIENT % ("http+unix://" + str(path).replace("/", "%2F")), "--allow-net", path)
    assert "gave an answer that can't be read safely" in run(client, "return http.get(URL)")
    assert "closed the connection before it answered" in run(client, "return http.post(URL)")
    thread.join(PATIENCE)
    listener.close()
