import TestSupport
import Testing

@testable import Scripting

@Suite struct HandlerSearchTests {
    private let directory = TemporaryDirectory()

    @Test(arguments: [("ps", true), ("a.b-c_1", true), ("", false), (".x", false), ("-x", false), ("a/b", false), ("ps.lua", false), ("ä", false), ("a b", false)])
    func names(_ name: String, _ isName: Bool) {
        #expect(HandlerSearch.isName(name) == isName)
    }

    @Test(arguments: [("handlers/ps.lua", "ps"), ("ps.pack.lua", "ps"), ("/a/b", "b"), ("x.lua.pack", "x.lua"), ("", "")])
    func theNameOfAFile(_ path: String, _ name: String) {
        #expect(HandlerSearch.name(of: path) == name)
    }

    @Test func aPathIsWhatItIs() throws {
        let search = HandlerSearch(directory: directory.path)
        #expect(try search.find("no/such.lua") == .init(path: "no/such.lua", text: nil))
        #expect(try search.find("such.lua") == .init(path: "such.lua", text: nil))
    }

    @Test func installedOnesAreFoundByName() throws {
        directory.write("my-handler.lua", "return 1")
        #expect(try HandlerSearch(directory: directory.path).find("my-handler").path == "\(directory.path)/my-handler.lua")
    }

    @Test func whereItLookedIsTold() {
        #expect(throws: SharingFault("there is no handler 'my-other': no file my-other, my-other.lua, handlers/my-other.lua, /d/my-other.lua, and built in are a, b")) {
            try HandlerSearch(directory: "/d", builtIn: ["b.lua": [], "a.lua": [], "lib/c.lua": []]).find("my-other")
        }
    }

    @Test func aBuiltInHandlerIsAPackOfItself() throws {
        let search = HandlerSearch(directory: "/d", builtIn: ["my-a.lua": Array("return require 'lib.c'".utf8), "lib/c.lua": Array("return 1".utf8)])
        let found = try search.find("my-a")
        #expect(found.path == "built-in/my-a")
        #expect(try Pack(found.text!, path: "p")?.modules.keys.sorted() == ["lib/c.lua"])
    }

    @Test func aListIsCutAtTheScreenSEdge() throws {
        directory.write("my-handler.lua", "-- A summary\u{1B} that is long.")
        directory.write("my-handler_test.lua", "")
        let listed = HandlerSearch(directory: directory.path, builtIn: ["my-handler.lua": []]).list().filter { $0.name == "my-handler" }
        #expect(listed.map(\.isHidden) == [false, true])
        let table = HandlerSearch.table(listed, width: nil).replacing(directory.path, with: "DIR")
        let line = "my-handler  DIR/my-handler.lua  A summary\\x1b that is long.\n"
        #expect(table.hasPrefix(line))
        #expect(HandlerSearch.table(listed, width: 20).split(separator: "\n").allSatisfy { $0.count == 20 && $0.hasSuffix("…") })
    }
}
