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
}
