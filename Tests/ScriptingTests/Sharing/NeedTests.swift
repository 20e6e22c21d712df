import EventLoop
import TestSupport
import Testing

@testable import Scripting

@Suite struct NeedTests {
    private func needs(_ text: String) throws -> [Need] { try Header(Array(text.utf8)).needs("h.lua") }

    @Test func oneOrSeveralInALine() throws {
        #expect(try needs("-- @needs upstream, read data,env TOKEN\n-- @needs net tcp://r:5000\n-- @needs upstream, store") == [
            Need(kind: .upstream), Need(kind: .read, what: "data"), Need(kind: .env, what: "TOKEN"), Need(kind: .net, what: "tcp://r:5000"),
            Need(kind: .store),
        ])
        #expect(try needs("-- x").isEmpty)
    }

    @Test(arguments: zip(Need.Kind.allCases, ["--upstream ADDRESS", "--allow-read DIR", "--allow-net ADDRESS", "--allow-env NAME", "--store FILE"]))
    func eachHasItsFlag(_ kind: Need.Kind, _ flag: String) {
        #expect(Need(kind: kind).flag == flag)
        #expect(Need(kind: kind, what: "x").flag == flag.split(separator: " ")[0] + " x")
    }

    @Test(arguments: ["needs", "needs disk", "needs upstream,", "needs read a b", "needs Upstream", "need upstream"])
    func whatCannotBeRead(_ tag: String) {
        #expect(throws: SharingFault("h.lua:2: '@\(tag.contains(" ") ? tag : tag + " ")' can't be read: behind @needs stand, with commas between, "
            + "upstream, read DIR, net ADDRESS, env NAME, store")) { try needs("-- x\n-- @\(tag)\n") }
    }

    /// The message, and whether the handler loads.
    private func load(_ files: [String], _ options: ScriptingOptions = ScriptingOptions()) throws -> String {
        let directory = TemporaryDirectory()
        for (index, text) in files.enumerated() { directory.write("\(index).lua", text) }
        let loop = try EventLoop()
        let paths = files.indices.map { "\(directory.path)/\($0).lua" }
        guard case .failure(.file(let fault)) = Handler.load(paths, options, loop, Log(2, loop)).result else { return "loaded" }
        return fault.message.replacing(directory.path, with: "DIR")
    }

    private static let needy = "-- x\n-- @needs upstream, net\nreturn function() end"

    @Test func whatWasNotGivenIsRefusedWithItsFlags() throws {
        #expect(try load([NeedTests.needy]) == "DIR/0.lua needs what it was not given: add --upstream ADDRESS --allow-net ADDRESS")
        var options = ScriptingOptions()
        options.refusesNeeds = false
        #expect(try load([NeedTests.needy], options) == "loaded")
    }

    @Test func whatFlagsGiveIsNotMissing() {
        var options = ScriptingOptions()
        func gives(_ kind: Need.Kind, _ what: String? = nil) -> Bool { options.gives(Need(kind: kind, what: what), hasNext: false) }
        #expect(Need.Kind.allCases.allSatisfy { !gives($0) })
        options.grants.read = ["data"]
        options.grants.env = ["TOKEN_*"]
        options.grants.net = [.host("registry")]
        #expect(gives(.read) && gives(.env) && gives(.net) && !gives(.upstream))
        #expect(gives(.env, "TOKEN_A") && gives(.env, "TOKEN_*") && !gives(.env, "HOME"))
        #expect(gives(.net, "registry:5000") && !gives(.net, "other:5000"))
    }

    @Test func aHandlerBehindIsAnUpstream() throws {
        let first = "-- @needs upstream\nreturn function(req) return req:forward() end"
        let second = "return function() return 'x' end"
        #expect(try load([first, second]) == "loaded")
        #expect(try load([second, first]) == "DIR/1.lua needs what it was not given: add --upstream ADDRESS")
    }

    @Test func aFaultyTagIsToldInAnyCase() throws {
        var options = ScriptingOptions()
        options.refusesNeeds = false
        #expect(try load(["-- @needs upstraem\nreturn function() end"], options).hasPrefix("DIR/0.lua:1: '@needs upstraem' can't be read"))
    }
}
