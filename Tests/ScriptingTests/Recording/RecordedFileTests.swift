import Glibc
import TestSupport
import Testing

@testable import Scripting

struct RecordedFileTests {
    private let directory = TemporaryDirectory()
    private var path: String { "\(directory.path)/tape" }

    private func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    @Test func aNewFileIsItsOwnersAndNothingElseIsLeft() throws {
        let file = try RecordedFile(path, mark: "-- x")
        try file.write(Array("-- x one".utf8), isLast: false)
        try file.write(Array("-- x two".utf8), isLast: true)
        #expect(read(path) == "-- x two")
        var status = stat()
        stat(path, &status)
        #expect(status.st_mode & 0o777 == 0o600)
        directory.remove("tape")
        // Only an empty directory can be removed.
        #expect(rmdir(directory.path) == 0)
    }

    @Test func whatIsNotOursIsLeftAlone() {
        directory.write("mine", "return function() end")
        #expect(throws: RecordingFault.self) { try RecordedFile("\(directory.path)/mine", mark: "-- x") }
        #expect(throws: RecordingFault.self) { try RecordedFile(directory.path, mark: "-- x") }
        directory.write("empty", "")
        #expect(throws: Never.self) { try RecordedFile("\(directory.path)/empty", mark: "-- x") }
    }

    @Test func aLinkStaysALink() throws {
        directory.write("real", "-- x old")
        directory.link("tape", to: "real")
        try RecordedFile(path, mark: "-- x").write(Array("-- x new".utf8), isLast: false)
        #expect(read("\(directory.path)/real") == "-- x new")
        var status = stat()
        lstat(path, &status)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test func aFailureIsTold() throws {
        let file = try RecordedFile("\(directory.path)/none/tape", mark: "-- x")
        let fault = try #require(throws: RecordingFault.self) { try file.write([], isLast: false) }
        #expect(fault.description.contains("none/tape: No such file or directory"))
    }
}
