import Glibc
import TestSupport
import Testing

@testable import Store

@Suite struct StoreTests {
    private let directory = TemporaryDirectory()

    private func file(_ name: String = "s", limit: Int = 64 << 20) -> Store { Store(.file("\(directory.path)/\(name)"), limit: limit) }

    /// One on disk, and one in memory.
    private var both: [Store] { [file(), Store()] }

    // MARK: Values

    @Test(arguments: [
        Store.Text.string([]), "text", .string([0, 0xFF, 0xC3, 0x28, 10]), .json("1"), .json("1.0"), .json("null"), .json("[]"), .json("{}"),
        .json("9223372036854775807"), .json("18446744073709551616"), .json("\"\\ud800\""),
    ])
    func aValueComesBackAsItWas(_ value: Store.Text) throws {
        for store in both {
            #expect(try store.get("key") == nil)
            try store.set("key", value)
            #expect(try store.get("key") == value)
            #expect(try store.get("ke") == nil)
            try store.set("key", .json("2"))
            #expect(try store.get("key") == .json("2"))
        }
    }

    @Test func aLargeValueComesBackAsItWas() throws {
        let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for store in both {
            try store.set("key", .string(bytes))
            let isSame = try store.get("key") == .string(bytes)
            #expect(isSame)
        }
    }

    @Test func aStringIsNotTheJSONThatLooksLikeIt() throws {
        for store in both {
            try store.set("a", "1")
            #expect(Store.error { _ = try store.add(1, to: "a") } == .notAnInteger)
            #expect(try !store.replace("a", .json("1"), with: "2"))
            #expect(try store.replace("a", "1", with: "2"))
        }
    }

    @Test func deleteTellsWhetherThereWasOne() throws {
        for store in both {
            try store.set("a", "1")
            #expect(try store.delete("a"))
            #expect(try !store.delete("a"))
            #expect(try store.get("a") == nil)
        }
    }

    // MARK: Replacing

    @Test func replaceChangesOnlyWhatIsExpected() throws {
        for store in both {
            #expect(try store.replace("a", nil, with: nil))
            #expect(try !store.replace("a", "1", with: "2"))
            #expect(try !store.replace("a", "1", with: nil))
            #expect(try store.replace("a", nil, with: "1"))
            #expect(try !store.replace("a", nil, with: "2"))
            #expect(try !store.replace("a", nil, with: nil))
            #expect(try store.get("a") == "1")
            #expect(try store.replace("a", "1", with: "2"))
            #expect(try store.get("a") == "2")
            #expect(try !store.replace("a", "1", with: nil))
            #expect(try store.replace("a", "2", with: nil))
            #expect(try store.get("a") == nil)
        }
    }

    @Test func addCountsFromNothing() throws {
        for store in both {
            #expect(try store.add(1, to: "n") == 1)
            #expect(try store.add(-3, to: "n") == -2)
            #expect(try store.get("n") == .json("-2"))
            try store.set("n", .json("9223372036854775806"))
            #expect(try store.add(1, to: "n") == .max)
            #expect(Store.error { _ = try store.add(1, to: "n") } == .overflow)
            #expect(try store.get("n") == .json("9223372036854775807"))
        }
    }

    @Test(arguments: [Store.Text.json("1.0"), .json("[1]"), .json("null"), .json("9223372036854775808"), "", "x"])
    func addTakesIntegersOnly(_ value: Store.Text) throws {
        let store = Store()
        try store.set("n", value)
        #expect(Store.error { _ = try store.add(1, to: "n") } == .notAnInteger)
        #expect(try store.get("n") == value)
    }

    // MARK: Keys

    @Test func keysComeInTheOrderOfTheirBytes() throws {
        for store in both {
            for key in [[97, 255], [97], [98], [97, 0], [97, 255, 255], [255], [97, 98]] as [[UInt8]] {
                try key.withUnsafeBytes { key in try Store.Text.json("1").with { try store.set(key, $0) } }
            }
            #expect(try store.keys() == [[97], [97, 0], [97, 98], [97, 255], [97, 255, 255], [98], [255]])
            #expect(try store.keys([97]) == [[97], [97, 0], [97, 98], [97, 255], [97, 255, 255]])
            #expect(try store.keys([97, 255]) == [[97, 255], [97, 255, 255]])
            #expect(try store.keys([255]) == [[255]])
            #expect(try store.keys([99]).isEmpty)
        }
    }

    // MARK: Time

    private func waitUntilGone(_ store: Store, _ key: String) throws {
        for _ in 0..<20_000 {
            if try store.get(key) == nil { return }
            usleep(1000)
        }
        Issue.record("\(key) did not expire")
    }

    @Test func whatHasExpiredIsGone() throws {
        for store in both {
            try store.set("short", .json("1"), lifetime: 0.05)
            try store.set("long", .json("1"), lifetime: 3600)
            try store.set("ever", .json("1"))
            try waitUntilGone(store, "short")
            #expect(try store.keys().count == 2)
            #expect(try !store.delete("short"))
            #expect(try !store.replace("short", .json("1"), with: "x"))
            #expect(try store.add(5, to: "short") == 5, "the old value does not count")
            #expect(try store.get("long") != nil)
        }
    }

    @Test func setForgetsTheTimeAndTheOthersKeepIt() throws {
        let store = Store()
        try store.set("a", .json("1"), lifetime: 0.1)
        try store.set("a", .json("1"))
        try store.set("b", .json("1"), lifetime: 0.1)
        _ = try store.add(1, to: "b")
        try store.set("c", .json("1"), lifetime: 0.1)
        #expect(try store.replace("c", .json("1"), with: .json("2")))
        try waitUntilGone(store, "b")
        try waitUntilGone(store, "c")
        #expect(try store.get("a") != nil)
    }

    @Test func whatHasExpiredMakesRoom() throws {
        let store = Store(limit: 1 << 20)
        var count = 0
        let error = Store.error {
            while true {
                try store.set("k\(count)", .string(Array(repeating: 0, count: 500)), lifetime: 3600)
                count += 1
            }
        }
        // More than one purge takes.
        #expect(error == .full(limit: 1 << 20) && count > 1100)
        // An hour is over. (With a short lifetime a slow machine would never fill it.)
        try database(store).execute("UPDATE store SET expires = expires - 3600000")
        try store.set("large", .string(Array(repeating: 0, count: 700 << 10)))
        #expect(try store.keys().count == 1)
    }

    // MARK: The file

    @Test func aFileIsPrivateAndOneFileWhenItIsClosed() throws {
        let old = umask(0)
        defer { umask(old) }
        let store = file()
        try store.set("a", "1")
        #expect(directory.names == ["s", "s-shm", "s-wal"])
        for name in directory.names { #expect(directory.mode(name) == 0o600, "\(name)") }
        store.close()
        #expect(directory.names == ["s"])
        #expect(try file().get("a") == "1")
    }

    @Test func aModeThatTheUserChoseStays() throws {
        directory.write("s", [])
        chmod("\(directory.path)/s", 0o640)
        try file().set("a", "1")
        #expect(directory.mode("s") == 0o640)
    }

    @Test func nothingIsOpenedBeforeItIsUsed() throws {
        let store = file()
        #expect(directory.names.isEmpty)
        _ = try store.get("a")
        #expect(directory.names.contains("s"))
    }

    @Test func severalCanHaveOneFile() throws {
        let one = file(), other = file()
        for i in 1...50 {
            #expect(try one.add(1, to: "n") == Int64(2 * i - 1))
            #expect(try other.add(1, to: "n") == Int64(2 * i))
        }
        try one.set("a", "1")
        try other.set("a", "2")
        #expect(try !one.replace("a", "1", with: "3"))
    }

    @Test func whatIsNotClosedIsThereAllTheSame() throws {
        let store = file()
        try store.set("a", "1")
        for name in directory.names {
            // The files as a crash would leave them.
            let bytes = try #require(read(name))
            directory.write("copy" + name.dropFirst(), bytes)
        }
        unlink("\(directory.path)/copy-shm")
        #expect(try file("copy").get("a") == "1")
    }

    private func read(_ name: String) -> [UInt8]? {
        guard let file = fopen("\(directory.path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }

    // MARK: Faults

    @Test func theLimitHolds() throws {
        for store in [file(limit: 256 << 10), Store(limit: 256 << 10)] {
            try store.set("a", .string(Array(repeating: 1, count: 100 << 10)))
            #expect(Store.error { try store.set("b", .string(Array(repeating: 1, count: 200 << 10))) } == .full(limit: 256 << 10))
            #expect(Store.error { try store.set("a", .string(Array(repeating: 1, count: 300 << 10))) } == .full(limit: 256 << 10))
            #expect(try store.get("b") == nil)
            #expect(try store.get("a") == .string(Array(repeating: 1, count: 100 << 10)))
            #expect(try store.delete("a"))
            try store.set("b", .string(Array(repeating: 1, count: 200 << 10)))
        }
    }

    @Test func aFileThatIsNoStoreIsLeftAlone() throws {
        let path = "\(directory.path)/s"
        let text = Array(repeating: UInt8(ascii: "x"), count: 5000)
        directory.write("s", text)
        #expect(Store.error { try file().open() } == .notADatabase(path))
        #expect(read("s") == text)
    }

    @Test func anotherProgramsDatabaseIsLeftAlone() throws {
        let store = file()
        try store.open()
        try database(store).execute("PRAGMA application_id = 7")
        store.close()
        let before = read("s")
        #expect(Store.error { try file().open() } == .foreign("\(directory.path)/s"))
        #expect(read("s") == before)
    }

    @Test func aNewerVersionsStoreIsLeftAlone() throws {
        let store = file()
        try store.open()
        try database(store).execute("PRAGMA user_version = 2")
        store.close()
        #expect(Store.error { try file().open() } == .newer("\(directory.path)/s"))
    }

    /// The open database of a store.
    private func database(_ store: Store) throws -> Database {
        try #require(Mirror(reflecting: store).children.first { $0.label == "database" }?.value as? Database)
    }

    @Test func aDamagedFileIsTold() throws {
        let store = file()
        for i in 0..<200 { try store.set("k\(i)", .string(Array(repeating: 1, count: 300))) }
        store.close()
        directory.write("s", Array(repeating: 0x55, count: 40 << 10), at: 4096)
        #expect(Store.error { for i in 0..<200 { _ = try file().get("k\(i)") } } == .damaged("\(directory.path)/s"))
    }

    @Test func aFileThatCantBeMade() {
        let store = Store(.file("\(directory.path)/no/s"))
        #expect(Store.error { try store.open() } == .cannotOpen("\(directory.path)/no/s", reason: "No such file or directory"))
        #expect(Store.error { try Store(.file(directory.path)).open() } == .cannotOpen(directory.path, reason: "Is a directory"))
    }

    @Test func aFileThatWasTakenAwayIsTold() throws {
        let store = file()
        try store.set("a", "1")
        rename("\(directory.path)/s", "\(directory.path)/t")
        #expect(Store.error { try store.set("a", "2") } == .moved("\(directory.path)/s"))
        rename("\(directory.path)/t", "\(directory.path)/s")
        try store.set("a", "3")
    }

    @Test func aWriterThatHoldsItIsWaitedForABit() throws {
        let one = file(), other = file()
        try one.set("a", "1")
        try other.open()
        try database(other).execute("BEGIN IMMEDIATE")
        let start = clock()
        #expect(Store.error { try one.set("a", "2") } == .busy("\(directory.path)/s"))
        #expect(clock() - start < 3_000_000)
        #expect(try one.get("a") == "1", "to read needs nobody's leave")
        try database(other).execute("COMMIT")
        try one.set("a", "2")
    }
}
