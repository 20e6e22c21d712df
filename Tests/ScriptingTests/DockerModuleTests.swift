import Testing

@testable import Scripting

/// lua/docker.lua.
@Suite struct DockerModuleTests {
    private func say(_ expression: String) throws -> String {
        try Site(answering: "local docker, json = require 'dogger.docker', require 'dogger.json' return tostring(\(expression))").body()
    }

    @Test(arguments: [
        ("docker.id('web')", "ce4d33d63484"), ("docker.id('')", "c3817c016ba4"),
    ])
    func idsAreTheSameForTheSameText(_ expression: String, _ start: String) throws {
        let id = try say(expression)
        #expect(id.utf8.count == 64 && id.allSatisfy { $0.isHexDigit })
        #expect(id.hasPrefix(start), "\(id)")
        #expect(try say(expression) == id)
    }

    @Test(arguments: [
        ("'80'", "nil nil 80 tcp"), ("80", "nil nil 80 tcp"), ("'53/udp'", "nil nil 53 udp"),
        ("'8080:80'", "0.0.0.0 8080 80 tcp"), ("'8080:80/sctp'", "0.0.0.0 8080 80 sctp"),
        ("'127.0.0.1:8080:80/udp'", "127.0.0.1 8080 80 udp"), ("'[::1]:8080:80'", "[::1] 8080 80 tcp"),
        ("{ IP = 'x', PublicPort = 1, PrivatePort = 2, Type = 'y' }", "x 1 2 y"),
    ])
    func ports(_ port: String, _ expected: String) throws {
        let site = try Site(answering: """
            local port = require('dogger.docker').container { ports = { \(port) } }.Ports[1]
            return table.concat({ tostring(port.IP), tostring(port.PublicPort), port.PrivatePort, port.Type }, ' ')
            """)
        #expect(try site.body() == expected)
    }

    @Test(arguments: ["'x'", "''", "'80:'", "':80'", "'a:80'", "'80-90'", "'8080:80/tcp/udp'"])
    func portsThatAreNone(_ port: String) throws {
        let text = port.replacing("'", with: "")
        #expect(try say("docker.container { ports = { \(port) } }")
            == "{\"message\":\"DIR/h.lua:1: docker.container: a port is like \\\"8080:80\\\", \\\"127.0.0.1:8080:80/udp\\\" or \\\"80\\\", not \\\"\(text)\\\"\"}\n")
    }

    @Test(arguments: [
        ("docker.container {}.Names[1]", "/unnamed"), ("docker.container { name = 'a' }.Names[1]", "/a"),
        ("docker.container { name = 'a' }.Id == docker.id('a')", "true"), ("docker.container { id = 'x' }.Id", "x"),
        ("docker.container {}.Status", "Up About a minute"), ("docker.container { state = 'exited' }.Status", "Exited (0) About a minute ago"),
        ("docker.container { state = 'paused' }.Status", "Created"), ("docker.container { status = 's' }.Status", "s"),
        ("json.encode(docker.container {}.Ports)", "[]"), ("json.encode(docker.container {}.Mounts)", "[]"),
        ("json.encode(docker.container {}.Labels)", "{}"), ("docker.container { HostConfig = 'mine' }.HostConfig", "mine"),
        ("math.type(docker.container { created = 1.5 }.Created)", "integer"), ("math.type(docker.container {}.Created)", "integer"),
        ("docker.image { name = 'a' }.RepoTags[1]", "a:latest"), ("docker.image { name = 'a:b' }.RepoTags[1]", "a:b"),
        ("docker.image { name = 'host:5000/a' }.RepoTags[1]", "host:5000/a:latest"), ("docker.image {}.Size", "4261550"),
        ("docker.error(404, 'none').status", "404"), ("docker.error(404, 'none').json.message", "none"),
    ])
    func fields(_ expression: String, _ expected: String) throws { #expect(try say(expression) == expected) }

    @Test(arguments: ["docker.container { nmae = 'x' }", "docker.image { tag = 'x' }", "docker.container { 'x' }"])
    func aFieldThatDoesNotExist(_ expression: String) throws { #expect(try say(expression).contains("DIR/h.lua:1: docker.")) }

    @Test func frames() throws {
        let site = try Site(answering: """
            return { body = function(out) require('dogger.docker').stream(out):stdout('out'):stderr('error'):stdout('') end }
            """)
        let body = try site.ask("GET /", "").replacing("\r\n", with: "|")
        #expect(body.contains("|b|\u{1}\0\0\0\0\0\0\u{3}out|d|\u{2}\0\0\0\0\0\0\u{5}error|8|\u{1}\0\0\0\0\0\0\0|0||"))
    }

    @Test func anEngineHasWhatClientsAskFirst() throws {
        let site = try Site(["h.lua": """
            local docker = require "dogger.docker"
            return docker.engine {
              ["GET /version"] = function(req) return "mine " .. tostring(req.version) end,
              ["GET /x"] = function(req) return nil end,
            }
            """])
        #expect(try site.body("GET /_ping") == "OK")
        #expect(try site.ask("HEAD /_ping").contains("Api-Version: 1.50\r\n"))
        #expect(try site.body("GET /v1.41/_ping") == "OK")
        #expect(try site.body("GET /v1.41/version") == "mine 1.41")
        #expect(try site.body("GET /version") == "mine nil")
        // The engine's own router decodes before it looks: what is a version to it has to be one here.
        #expect(try site.body("GET /%761.41/version") == "mine 1.41")
        #expect(try site.body("GET /v1%2e4%31/version") == "mine 1.41")
        #expect(try site.body("GET /v.../version") == "mine ...")
        #expect(try site.body("GET /info").hasPrefix("{"))
        for path in ["/x", "/none", "/vx/version", "/v1.41", "/1.41/version", "/V1.41/version", "/v1.41%20/version", "/v/version", "/v1.41/v1.41/version"] {
            #expect(try site.body("GET \(path)") == #"{"message":"page not found"}"#, "\(path)")
        }
    }

    @Test func anAPIPassesOn() throws {
        let site = try Site([
            "a.lua": "return require('dogger.docker').api { ['GET /x'] = function(req) return 'x' end }", "b.lua": "return function() return 'b' end",
        ])
        #expect(try site.body("GET /v1.50/x") == "x")
        #expect(try site.body("GET /v1.50/_ping") == "b")
        let asking = try Site([
            "a.lua": "return require('dogger.docker').api { ['GET /x'] = function(req) req.target = '/y' return req:forward() end }",
            "b.lua": "return require('dogger.docker').api { ['GET /y'] = function(req) return tostring(req.version) end }",
        ])
        #expect(try asking.body("GET /v1.50/x") == "nil")
    }
}
