import Glibc
import Testing

@testable import Store

@Suite struct MemoryFilesTests {
    private let files = MemoryFiles()!

    /// A worker that ended without a word leaves its database open for ever, as far as this process goes.
    private func abandon(_ object: AnyObject) { _ = Unmanaged.passRetained(object) }

    @Test func theNextOneFindsWhatTheLastOneLeft() throws {
        for i in 1...5 {
            let store = Store(.memory(files))
            #expect(try store.add(1, to: "n") == Int64(i))
            abandon(store)
        }
    }

    @Test func aTransactionThatBrokeOffIsUndone() throws {
        let first = try Database(files.name, isMemory: true, limit: 64 << 20)
        try first.execute("INSERT INTO store (key, value) VALUES (x'61', x'31')")
        // Some of it is in the file already, and the journal tells what was there before.
        try first.execute("PRAGMA cache_size = 10; BEGIN")
        try first.execute("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO store (key, value) SELECT 'k' || i, zeroblob(4000) FROM n")
        try first.execute("UPDATE store SET value = x'32' WHERE key = x'61'; UPDATE store SET value = zeroblob(4001) WHERE key <> x'61'")
        var journal = stat()
        fstat(files.descriptors[1], &journal)
        try #require(journal.st_size > 0)
        abandon(first)
        let second = Store(.memory(files))
        #expect(try second.get("a") == "1")
        #expect(try second.keys().count == 1)
        try second.set("b", "2")
        fstat(files.descriptors[1], &journal)
        #expect(journal.st_size == 0)
    }

    @Test func oneThatBrokeOffAtItsVeryBeginningIsAFreshOne() throws {
        // A database without a page, and a journal that was begun.
        var bytes = [UInt8](repeating: 0xD9, count: 512)
        #expect(pwrite(files.descriptors[1], &bytes, bytes.count, 0) == bytes.count)
        let store = Store(.memory(files))
        try store.set("a", "1")
        #expect(try store.get("a") == "1")
    }

    @Test func twoStoresAreTwo() throws {
        let one = Store(), other = Store()
        try one.set("a", "1")
        #expect(try other.get("a") == nil)
    }

    @Test func theDescriptorsAreNotForCommands() {
        for descriptor in files.descriptors { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0) }
    }
}
