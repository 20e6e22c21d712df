"""What a handler can know of a request: every field of `req`, and its three ways to the body."""

import os

import pytest


@pytest.fixture
def mirror(serve, handlers):
    return serve(handlers / "mirror.lua")


def test_method_path_and_target(mirror):
    seen = mirror.request("DELETE", "/a%20b/%C3%A4%2Fc/?x=1").json
    assert (seen["method"], seen["path"], seen["target"]) == ("DELETE", "/a b/ä/c/", "/a%20b/%C3%A4%2Fc/?x=1")
    assert seen["text"] == "DELETE /a%20b/%C3%A4%2Fc/?x=1"


def test_any_method(mirror):
    assert mirror.request("PURGE", "/").json["method"] == "PURGE"


def test_query(mirror):
    seen = mirror.get("/?name=first&all=1&name=se%63ond&name=a+b%2Bc&empty=&flag&%6eame=last").json
    assert seen["query"] == {"name": "last", "all": "1", "empty": "", "flag": ""}
    assert seen["all"] == ["first", "second", "a b+c", "last"]


def test_no_query(mirror):
    assert mirror.get("/").json["query"] == {}
    assert mirror.get("/?").json["query"] == {}


def test_headers_ignore_case_and_keep_their_order(mirror):
    fields = [("Host", "d"), ("X-THING", "one"), ("Accept", "*/*"), ("x-thing", "two")]
    seen = mirror.get("/", fields).json
    assert seen["headers"] == [list(field) for field in fields]
    assert seen["found"] == "one, two"


def test_a_header_that_is_not_there(mirror):
    assert mirror.get("/").json["found"] is None


def test_peer_on_a_unix_socket_is_who_the_kernel_says(mirror):
    assert mirror.get("/").json["peer"] == {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid()}


def test_peer_over_tcp_is_an_address(serve, handlers):
    dogger = serve(handlers / "mirror.lua", tcp=True)
    with dogger.connect() as connection:
        host, port = connection.socket.getsockname()
        assert connection.ask("GET", "/").json["peer"] == {"address": f"{host}:{port}"}


def test_ids_tell_requests_apart(mirror):
    with mirror.connect() as connection:
        ids = [connection.ask("GET", "/").json["id"] for _ in range(3)]
    ids.append(mirror.get("/").json["id"])
    assert len(set(ids)) == 4 and all(isinstance(one, int) for one in ids)


def test_params_of_a_route(serve):
    dogger = serve("""return {
        ["GET /containers/{id}/json"] = function(req) return { json = req.params } end,
        ["* /images/{name...}"] = function(req) return { json = { name = req.params.name, method = req.method } } end,
        ["GET /images/special"] = function(req) return "the special one" end,
        ["GET /a/{x...}/end"] = function(req) return "end " .. req.params.x end,
        ["GET /"] = function(req) return "root" end,
    }""")
    assert dogger.get("/containers/we%2Fb/json").json == {"id": "we/b"}
    assert dogger.get("/containers/w/e/json").status == 404
    assert dogger.request("DELETE", "/images/library/alpine:3").json == {"name": "library/alpine:3", "method": "DELETE"}
    assert dogger.get("/images/special").body == b"the special one"
    assert dogger.request("PUT", "/images/special").json == {"name": "special", "method": "PUT"}
    assert dogger.get("/a/b/c/end").body == b"end b/c"
    assert dogger.get("/").body == b"root"
    assert dogger.get("/%63ontainers/x/json").json == {"id": "x"}
    missing = dogger.get("/nothing")
    assert (missing.status, missing.json) == (404, {"message": "page not found"})


def test_a_get_route_answers_head(serve):
    dogger = serve('return { ["GET /x"] = function(req) return req.method end }')
    head = dogger.request("HEAD", "/x")
    assert (head.status, head["Content-Length"]) == (200, "4")


def test_version_in_an_engine(serve):
    dogger = serve("""
        local docker = require "dogger.docker"
        return docker.engine { ["GET /x"] = function(req) return tostring(req.version) end }""")
    assert dogger.get("/v1.50/x").body == b"1.50"
    assert dogger.get("/v1.24/x").body == b"1.24"
    assert dogger.get("/x").body == b"nil"
    assert dogger.get("/v1.50/v1.50/x").json == {"message": "page not found"}


def test_several_handlers_are_asked_in_their_order(serve, write):
    write('return { ["GET /x"] = function(req) return "first" end, ["GET /none"] = function(req) return nil end }', "a.lua")
    second = write('return { ["* /{path...}"] = function(req) return "second " .. req.params.path end }', "b.lua")
    dogger = serve(second.parent / "a.lua", second)
    assert dogger.get("/x").body == b"first"
    assert dogger.get("/y/z").body == b"second y/z"
    assert dogger.get("/none").body == b"second none"


def test_docker_api_passes_on_what_it_does_not_match(serve, write):
    api = write("""
        local docker = require "dogger.docker"
        return docker.api { ["GET /x"] = function(req) return "api " .. req.version end }""", "a.lua")
    rest = write("return function(req) return 'rest ' .. req.path end", "b.lua")
    dogger = serve(api, rest)
    assert dogger.get("/v1.44/x").body == b"api 1.44"
    assert dogger.get("/v1.44/y").body == b"rest /v1.44/y"
    assert dogger.get("/_ping").body == b"rest /_ping"


# The body

BODIES = {
    "none": b"", "text": b"hello", "binary": bytes(range(256)), "large": os.urandom(3 << 20),
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("way", ["body", "chunks"])
def test_a_body_arrives_whole(serve, kind, framing, way):
    dogger = serve("""return {
        ["POST /body"] = function(req) return req.body end,
        ["POST /chunks"] = function(req)
          local parts = {}
          for chunk in req:chunks() do parts[#parts + 1] = chunk end
          return table.concat(parts)
        end }""")
    body = BODIES[kind]
    with dogger.connect() as connection:
        if framing == "length":
            connection.begin("POST", f"/{way}", body=body)
        else:
            connection.begin("POST", f"/{way}", [("Transfer-Encoding", "chunked")])
            for start in range(0, len(body), 100_000):
                connection.chunk(body[start:start + 100_000])
            connection.chunk(b"")
        assert connection.read_response().body == body
        assert connection.ask("POST", "/body", body=b"again").body == b"again"


def test_req_body_can_be_read_again(serve):
    dogger = serve("return function(req) return req.body .. req.body .. req:json().a end")
    assert dogger.post("/", '{"a":1}').body == b'{"a":1}{"a":1}1'


def test_chunks_come_as_the_client_sends_them(serve):
    dogger = serve("""return function(req)
        return { body = function(out)
          for chunk in req:chunks() do out:write("got ", chunk, "\\n") end
        end } end""")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Transfer-Encoding", "chunked")])
        assert connection.read_head().status == 200
        for word in ("one", "two", "three"):
            connection.chunk(word)
            assert connection.read_chunk() == f"got {word}\n".encode()
        connection.chunk("")
        assert connection.read_chunk() == b""


def test_json_of_a_request(serve):
    dogger = serve("""local json = require "dogger.json"
        return function(req) return { json = { got = req:json() } } end""")
    text = '{"big":9223372036854771712,"empty":[],"none":{},"null":null,"third":0.1,"whole":1.0,"text":"\\u00e4\\ud83d\\ude00/"}'
    answer = dogger.post("/", text)
    assert answer.status == 200, answer
    for piece in ('"big":9223372036854771712', '"empty":[]', '"none":{}', '"null":null', '"third":0.1', '"text":"ä😀/"'):
        assert piece in answer.text, (piece, answer.text)


def test_a_request_that_is_not_json_is_the_client_s_fault(serve):
    dogger = serve("return function(req) return { json = req:json() } end")
    answer = dogger.post("/", '{"a": 1, "b": tru}')
    assert answer.status == 400
    assert "not JSON" in answer.message and "14" in answer.message, answer.message
    assert dogger.post("/", "").status == 400
    assert dogger.post("/", "[" * 1001 + "]" * 1001).status == 400
    assert dogger.post("/", "[" * 1000 + "]" * 1000).status == 200


def test_a_script_can_change_its_request_for_those_after_it(serve, write):
    first = write('return function(req) req.note = "from the first"; req.path = "/other"; return nil end', "a.lua")
    second = write("return function(req) return req.path .. ' ' .. req.note end", "b.lua")
    assert serve(first, second).get("/x").body == b"/other from the first"


@pytest.mark.parametrize("body", [b"9\r\nabc\r\n0\r\n\r\n", b"x\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3;" + b"x" * 70000], ids=range(4))
def test_a_body_that_is_no_proper_one_is_answered_when_it_is_forwarded_too(serve, write, body):
    """The part that is known to be wrong came along with the head."""
    behind = serve(write("return function(req) return req.body end", "behind.lua"))
    dogger = serve("return function(req) return req:forward() end", "--upstream", behind.socket)
    assert dogger.request("POST", "/", [("Transfer-Encoding", "chunked")], body).status == 400
    assert dogger.post("/", "proper").text == "proper"


@pytest.mark.parametrize("target", ["http://d/containers/x%2Fjson", "/containers/x%2Fjson", "http://d/containers/x%2fjson?all=1"])
def test_a_path_that_is_looked_at_is_not_forwarded_as_another(serve, write, target):
    """To look at req.path, which is decoded, is not to change it, in the absolute form neither."""
    behind = serve(write("return function(req) return req.target end", "behind.lua"))
    dogger = serve("return function(req) local _ = req.path, req.query.all return req:forward() end", "--upstream", behind.socket)
    assert "%2F" in dogger.get(target).message
    for fine, seen in (("http://d/a/b%20c?x=1", "/a/b%20c?x=1"), ("http://d", "/"), ("http://d?x=%31", "/?x=%31"), ("/a?b=c", "/a?b=c")):
        assert dogger.get(fine).text == seen
