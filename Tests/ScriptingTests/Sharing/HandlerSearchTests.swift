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
        #expect(throws: SharingFault("there is no handler 'my-other': no file my-other, my-other.lua, handlers/my-other.lua, /d/my-other.lua")) {
            try HandlerSearch(directory: "/d").find("my-other")
        }
    }
}
