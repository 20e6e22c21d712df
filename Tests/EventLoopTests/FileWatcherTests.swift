import Glibc
import TestSupport
import Testing

@testable import EventLoop

/// Each test makes a change and waits for its report; that something is not reported is seen by a later change that is.
@Suite struct FileWatcherTests {
    private let directory = TemporaryDirectory()
    private var root: String { directory.path }

    /// Watches, makes a change, and gives the reports up to the one that has the awaited path.
    private func reports(
        of paths: Set<String>, until awaited: String, change: () -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [[String]] {
        let loop = try EventLoop()
        var seen: [[String]] = []
        let watcher = try FileWatcher(loop) { changed in
            seen.append(changed)
            if changed.contains(awaited) { loop.stop() }
        }
        watcher.watch(paths)
        change()
        try run(loop, sourceLocation: sourceLocation)
        watcher.close()
        return seen
    }

    @Test func aFileIsWritten() throws {
        let path = "\(root)/a.lua"
        TemporaryDirectory.write(path)
        #expect(try reports(of: [path], until: path) { TemporaryDirectory.write(path, "new") } == [[path]])
    }

    @Test func aFileIsCreatedDeletedAndRenamed() throws {
        let path = "\(root)/a.lua"
        #expect(try reports(of: [path], until: path) { TemporaryDirectory.write(path) } == [[path]])
        #expect(try reports(of: [path], until: path) { unlink(path) } == [[path]])
        TemporaryDirectory.write("\(root)/b.lua")
        #expect(try reports(of: [path], until: path) { rename("\(root)/b.lua", path) } == [[path]])
        #expect(try reports(of: [path], until: path) { rename(path, "\(root)/b.lua") } == [[path]])
        #expect(try reports(of: [path], until: path) { link("\(root)/b.lua", path) } == [[path]])
    }

    @Test func aFileIsRenamedOverAsEditorsDo() throws {
        let path = "\(root)/a.lua"
        TemporaryDirectory.write(path)
        let seen = try reports(of: [path], until: path) {
            TemporaryDirectory.write("\(root)/.a.lua.swp")
            rename("\(root)/.a.lua.swp", path)
        }
        #expect(seen == [[path]])
    }

    @Test func aFileThatIsBeingWrittenIsNotReported() throws {
        let path = "\(root)/a.lua"
        let other = "\(root)/b.lua"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let loop = try EventLoop()
        var seen: [[String]] = []
        let watcher = try FileWatcher(loop) { changed in
            seen.append(changed)
            loop.stop()
        }
        watcher.watch([path, other])
        #expect(write(file, "half", 4) == 4)
        TemporaryDirectory.write(other)
        try run(loop)
        #expect(seen == [[other]])
        watcher.close()
    }

    @Test func otherFilesOfTheDirectoryAreNotReported() throws {
        let path = "\(root)/a.lua"
        let seen = try reports(of: [path], until: path) {
            TemporaryDirectory.write("\(root)/b.lua")
            mkdir("\(root)/c", 0o700)
            TemporaryDirectory.write(path)
        }
        #expect(seen == [[path]])
    }

    @Test func whatComesTogetherIsReportedTogether() throws {
        let paths: Set<String> = ["\(root)/a.lua", "\(root)/b.lua"]
        let seen = try reports(of: paths, until: "\(root)/b.lua") {
            for path in paths { TemporaryDirectory.write(path) }
            TemporaryDirectory.write("\(root)/a.lua")
        }
        #expect(seen == [paths.sorted()])
    }

    @Test func theTargetOfALinkIsWritten() throws {
        let path = "\(root)/a.lua"
        mkdir("\(root)/real", 0o700)
        TemporaryDirectory.write("\(root)/real/b.lua")
        symlink("real/b.lua", path)
        #expect(try reports(of: [path], until: path) { TemporaryDirectory.write("\(root)/real/b.lua", "new") } == [[path]])
    }

    @Test func aLinkIsPointedElsewhereAndFollowed() throws {
        let path = "\(root)/a.lua"
        for name in ["one", "two"] {
            mkdir("\(root)/\(name)", 0o700)
            TemporaryDirectory.write("\(root)/\(name)/a.lua")
        }
        symlink("one/a.lua", path)
        let loop = try EventLoop()
        var count = 0
        let watcher = try FileWatcher(loop) { _ in
            count += 1
            loop.stop()
        }
        watcher.watch([path])
        symlink("\(root)/two/a.lua", "\(root)/new")
        rename("\(root)/new", path)
        try run(loop)
        #expect(count == 1)
        TemporaryDirectory.write("\(root)/two/a.lua", "new")
        try run(loop)
        #expect(count == 2)
        watcher.close()
    }

    /// As a mounted ConfigMap is replaced: a.lua -> ..data/a.lua, ..data -> version directory.
    @Test func aLinkToADirectoryOnTheWayIsPointedElsewhere() throws {
        for name in ["v1", "v2"] {
            mkdir("\(root)/\(name)", 0o700)
            TemporaryDirectory.write("\(root)/\(name)/a.lua")
        }
        symlink("v1", "\(root)/..data")
        symlink("..data/a.lua", "\(root)/a.lua")
        let path = "\(root)/a.lua"
        let seen = try reports(of: [path], until: path) {
            symlink("v2", "\(root)/..tmp")
            rename("\(root)/..tmp", "\(root)/..data")
        }
        #expect(seen == [[path]])
    }

    @Test func aDirectoryThatDoesNotExistYetIsWaitedFor() throws {
        let path = "\(root)/x/y/a.lua"
        let loop = try EventLoop()
        let watcher = try FileWatcher(loop) { _ in
            if access(path, F_OK) == 0 { loop.stop() }
        }
        watcher.watch([path])
        mkdir("\(root)/x", 0o700)
        // Between the two, so that the watch has to move down by steps.
        loop.schedule(after: 1_000_000) {
            mkdir("\(root)/x/y", 0o700)
            TemporaryDirectory.write(path)
        }
        try run(loop)
        watcher.close()
    }

    @Test func aDirectoryAboveIsReplaced() throws {
        let path = "\(root)/x/y/a.lua"
        for name in ["x", "new"] {
            mkdir("\(root)/\(name)", 0o700)
            mkdir("\(root)/\(name)/y", 0o700)
            TemporaryDirectory.write("\(root)/\(name)/y/a.lua")
        }
        let loop = try EventLoop()
        var seen = 0
        let watcher = try FileWatcher(loop) { _ in
            seen += 1
            loop.stop()
        }
        watcher.watch([path])
        rename("\(root)/x", "\(root)/old")
        rename("\(root)/new", "\(root)/x")
        try run(loop)
        let before = seen
        TemporaryDirectory.write("\(root)/old/y/a.lua")
        TemporaryDirectory.write(path)
        try run(loop)
        #expect(seen == before + 1)
        watcher.close()
    }

    @Test func dotsInAPathAreFollowed() throws {
        mkdir("\(root)/x", 0o700)
        let path = "\(root)/x/.././x//a.lua"
        #expect(try reports(of: [path], until: path) { TemporaryDirectory.write("\(root)/x/a.lua") } == [[path]])
    }

    @Test func aLinkThatLeadsToItselfDoesNotHang() throws {
        let path = "\(root)/a.lua"
        symlink("a.lua", path)
        let seen = try reports(of: [path], until: path) {
            unlink(path)
            TemporaryDirectory.write(path)
        }
        #expect(seen == [[path]])
    }

    @Test func aNewSetTakesThePlaceOfTheOld() throws {
        let first = "\(root)/a.lua"
        let second = "\(root)/b.lua"
        mkdir("\(root)/x", 0o700)
        let loop = try EventLoop()
        var seen: [[String]] = []
        let watcher = try FileWatcher(loop) { changed in
            seen.append(changed)
            loop.stop()
        }
        watcher.watch([first, "\(root)/x/c.lua"])
        watcher.watch([second])
        TemporaryDirectory.write(first)
        TemporaryDirectory.write("\(root)/x/c.lua")
        TemporaryDirectory.write(second)
        try run(loop)
        #expect(seen == [[second]])
        watcher.close()
    }

    @Test func whatTheKernelLostCountsAsChanged() throws {
        let paths: Set<String> = ["\(root)/a.lua", "\(root)/b.lua"]
        let limit = try #require(Int(firstLine(of: "/proc/sys/fs/inotify/max_queued_events")))
        let seen = try reports(of: paths, until: "\(root)/a.lua") {
            // Each is two events: created, deleted.
            for _ in 0...(limit / 2 + 1) {
                mkdir("\(root)/x", 0o700)
                rmdir("\(root)/x")
            }
        }
        #expect(seen.contains(paths.sorted()))
    }

    @Test func afterCloseNothingIsReported() throws {
        let path = "\(root)/a.lua"
        let loop = try EventLoop()
        let watcher = try FileWatcher(loop) { _ in Issue.record("reported") }
        watcher.watch([path])
        TemporaryDirectory.write(path)
        watcher.close()
        watcher.watch([path])
        TemporaryDirectory.write(path)
        loop.schedule(after: 1_000_000) { loop.stop() }
        try run(loop)
    }

    @Test func aSaveComesBeforeARequestThatFollowsIt() throws {
        let path = "\(root)/a.lua"
        let loop = try EventLoop()
        let pairs = (0..<20).map { _ in SocketPair() }
        var order: [String] = []
        for pair in pairs {
            let source = Source { _ in
                order.append("request")
                pair.take()
                if order.count > pairs.count { loop.stop() }
            }
            try loop.add(pair.ours, .readable, source)
        }
        let watcher = try FileWatcher(loop) { _ in order.append("save") }
        watcher.watch([path])
        for (index, pair) in pairs.enumerated() {
            if index == 10 { TemporaryDirectory.write(path) }
            pair.poke()
        }
        try run(loop)
        #expect(order.first == "save")
        watcher.close()
    }

    private func firstLine(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil else { return "" }
        return String(decoding: line.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
