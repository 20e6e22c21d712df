import TestSupport
import Testing

@testable import Scripting

@Suite struct TestFilesTests {
    private let directory = TemporaryDirectory()

    private func find(_ paths: String...) throws -> [String] {
        try TestFiles.find(paths.map { "\(directory.path)/\($0)" }).map { $0.replacing("\(directory.path)/", with: "") }
    }

    @Test func searchesDirectories() throws {
        for name in ["b_test.lua", "a/x_test.lua", "a/deep/y_test.lua", "a/x.lua", ".hidden/z_test.lua", "a/.z_test.lua", "a/x_test.lua.bak"] { directory.write(name, "") }
        #expect(try find("") == ["a/deep/y_test.lua", "a/x_test.lua", "b_test.lua"])
    }

    @Test func takesFilesAsTheyAreAndEachOnce() throws {
        directory.write("x.lua", "")
        directory.write("x_test.lua", "")
        #expect(try find("x.lua", "x_test.lua", "x.lua") == ["x.lua", "x_test.lua"])
    }

    @Test func doesNotFollowLinksToDirectories() throws {
        directory.write("a/x_test.lua", "")
        directory.link("a/loop", to: directory.path)
        directory.link("a/y_test.lua", to: "x_test.lua")
        #expect(try find("a") == ["a/x_test.lua", "a/y_test.lua"])
    }

    @Test func tellsWhatIsNotThere() {
        #expect(throws: TestFiles.Fault.self) { try find("none") }
    }
}
