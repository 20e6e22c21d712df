import TestSupport
import Testing

@testable import Scripting

@Suite struct PathTests {
    @Test(arguments: [("h.lua", "."), ("a/h.lua", "a"), ("/h.lua", "/"), ("/a/b/h.lua", "/a/b"), ("./h.lua", ".")])
    func directories(_ path: String, _ expected: String) { #expect(Path.directory(of: path) == expected) }

    @Test(arguments: [(".", "x", "x"), ("a", "x", "a/x"), ("/", "x", "/x"), ("/a/b", "c/x", "/a/b/c/x"), ("a", "/x", "/x")])
    func joins(_ directory: String, _ name: String, _ expected: String) { #expect(Path.join(directory, name) == expected) }

    @Test(arguments: [("/a/./b//c/", "/a/b/c"), ("/a/../b", "/b"), ("/../..", "/"), ("/", "/")])
    func plainPaths(_ path: String, _ expected: String) { #expect(Path.plain(path) == expected) }

    @Test(arguments: [("/a", "/a", true), ("/a/b", "/a", true), ("/ab", "/a", false), ("/b", "/a", false), ("/a", "/", true), ("/", "/a", false)])
    func whatIsWithin(_ path: String, _ directory: String, _ expected: Bool) { #expect(Path.isWithin(path, directory) == expected) }

    @Test func theBeginningThatIsThere() {
        let directory = TemporaryDirectory()
        directory.write("a/x", "")
        directory.link("b", to: "a")
        #expect(Path.realBeginning("\(directory.path)/b/none/x") == "\(directory.path)/a")
        #expect(Path.realBeginning("\(directory.path)/b/x") == "\(directory.path)/a/x")
        #expect(Path.realBeginning("/no such directory/x") == "/")
    }

    @Test func pathsInAFileStartAtThatFile() {
        let directory = TemporaryDirectory()
        for name in ["a/h.lua", "b/x_test.lua"] { directory.write(name, "") }
        directory.link("link", to: "a")
        let root = directory.path
        #expect(Path.relative("h.lua", to: "x_test.lua") == "h.lua")
        #expect(Path.relative("./h.lua", to: "tests/x_test.lua") == "tests/h.lua")
        #expect(Path.relative("../h.lua", to: "x_test.lua") == "../h.lua")
        #expect(Path.relative("/h.lua", to: "b/x_test.lua") == "/h.lua")
        #expect(Path.relative("../a/h.lua", to: "\(root)/b/x_test.lua") == "\(root)/a/h.lua")
        // Up from where a link leads is not up from the link.
        directory.write("a/deep/x_test.lua", "")
        directory.link("far", to: "a/deep")
        #expect(Path.relative("../h.lua", to: "\(root)/far/x_test.lua") == "\(root)/far/../h.lua")
    }
}
