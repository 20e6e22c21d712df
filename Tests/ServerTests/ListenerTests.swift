import CDogger
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import Server

/// Sockets' files in every case, and TCP addresses.
@Suite struct ListenerTests {
    private let directory = TemporaryDirectory()
    private var path: String { "\(directory.path)/s" }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : nil
    }

    private func inode(_ path: String) -> ino_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_ino : nil
    }

    private func error(_ body: () throws -> Listener) -> ListenError? {
        do {
            _ = try body()
            return nil
        } catch { return error as? ListenError }
    }

    /// A socket's file that nobody serves.
    private func leaveDeadSocket() throws {
        let listener = try Listener.unix(path: "\(path).tmp")
        // Linked away, so that closing the listener does not remove it.
        #expect(link("\(path).tmp", path) == 0)
        listener.close()
        #expect(mode(path).map { $0 & S_IFMT } == S_IFSOCK)
    }

    @Test func itsFileIsForItsOwnerOnlyWhateverTheUmask() async {
        // The umask is a whole process's.
        await #expect(processExitsWith: .success) {
            for mask in [0, 0o022, 0o777 & ~0o600] as [mode_t] {
                umask(mask)
                let directory = TemporaryDirectory()
                let listener = try Listener.unix(path: "\(directory.path)/s")
                var status = stat()
                #expect(lstat("\(directory.path)/s", &status) == 0)
                #expect(status.st_mode == S_IFSOCK | 0o600)
                listener.close()
                #expect(lstat("\(directory.path)/s", &status) != 0)
            }
        }
    }

    /// Looks while files appear: none is ever seen with a wider mode.
    @Test func itsFileHasItsModeFromTheFirstInstant() throws {
        let path = path
        let done = Log<Bool>()
        let watcher = Thread {
            while done.all.isEmpty {
                var status = stat()
                if lstat(path, &status) == 0 { #expect(status.st_mode == S_IFSOCK | 0o600) }
            }
        }
        for _ in 0..<300 { try Listener.unix(path: path).close() }
        done.add(true)
        watcher.join()
    }

    @Test func aDeadSocketIsReplaced() throws {
        try leaveDeadSocket()
        #expect(throws: SystemError("cannot connect", code: ECONNREFUSED)) { try Client(path: path) }
        let listener = try Listener.unix(path: path)
        _ = try Client(path: path)
        listener.close()
        #expect(mode(path) == nil)
    }

    @Test func aLiveSocketIsNotTaken() throws {
        let listener = try Listener.unix(path: path)
        let before = inode(path)
        #expect(error { try Listener.unix(path: path) } == .live(path))
        #expect(inode(path) == before)
        _ = try Client(path: path)
        listener.close()
    }

    @Test func aLiveSocketWithAFullQueueIsNotTaken() throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        #expect(withSocketAddress(path) { bind(descriptor, $0, $1) } == 0)
        #expect(listen(descriptor, 0) == 0)
        let client = try Client(path: path)
        #expect(error { try Listener.unix(path: path) } == .live(path))
        client.close()
    }

    @Test func aSocketOfAnotherKindIsNotTaken() throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        #expect(withSocketAddress(path) { bind(descriptor, $0, $1) } == 0)
        let before = inode(path)
        guard case .unclear(path, _) = error({ try Listener.unix(path: path) }) else {
            Issue.record("it was not refused as unclear")
            return
        }
        #expect(inode(path) == before)
    }

    @Test func nothingButASocketIsRemoved() throws {
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        write(file, "kept", 4)
        close(file)
        #expect(error { try Listener.unix(path: path) } == .notASocket(path, kind: "a file"))
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_size == 4)
        unlink(path)

        mkdir(path, 0o700)
        #expect(error { try Listener.unix(path: path) } == .notASocket(path, kind: "a directory"))
        rmdir(path)

        mkfifo(path, 0o600)
        #expect(error { try Listener.unix(path: path) } == .notASocket(path, kind: "a device or a pipe"))
        unlink(path)
    }

    @Test func aLinkIsNotFollowed() throws {
        try leaveDeadSocket()
        let link = "\(directory.path)/link"
        symlink(path, link)
        #expect(error { try Listener.unix(path: link) } == .notASocket(link, kind: "a symbolic link"))
        #expect(mode(path) != nil)
        #expect(mode(link) != nil)
        unlink(link)
        symlink("\(directory.path)/nothing", link)
        #expect(error { try Listener.unix(path: link) } == .notASocket(link, kind: "a symbolic link"))
        #expect(mode("\(directory.path)/nothing") == nil)
    }

    @Test func whatIsNotOursAnyMoreIsNotRemoved() throws {
        let listener = try Listener.unix(path: path)
        unlink(path)
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        close(file)
        listener.close()
        #expect(mode(path).map { $0 & S_IFMT } == S_IFREG)
        unlink(path)

        let first = try Listener.unix(path: path)
        unlink(path)
        let second = try Listener.unix(path: path)
        first.close()
        _ = try Client(path: path)
        second.close()
        #expect(mode(path) == nil)
    }

    @Test func lettingGoOfItRemovesItsFile() throws {
        do { _ = try Listener.unix(path: path) }
        #expect(mode(path) == nil)
    }

    @Test func longPathsAreRefused() throws {
        let room = UnixSocketFile.longestPath - directory.path.utf8.count - 1
        let fits = "\(directory.path)/\(String(repeating: "x", count: room))"
        #expect(fits.utf8.count == 107)
        try Listener.unix(path: fits).close()
        #expect(error { try Listener.unix(path: fits + "x") } == .pathTooLong(fits + "x"))
        #expect(error { try Listener.unix(path: "") } == .pathEmpty)
        #expect(error { try Listener.unix(path: "\(path)\0x") } == .pathHasNull("\(path)\0x"))
    }

    @Test func directoriesThatWillNotDo() throws {
        let missing = "\(directory.path)/no"
        #expect(error { try Listener.unix(path: "\(missing)/s") } == .noDirectory(missing))
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        close(file)
        #expect(error { try Listener.unix(path: "\(path)/s") } == .directoryIsAFile(path))
        #expect(error { try Listener.unix(path: "\(path)/s/t") } == .directoryIsAFile("\(path)/s"))
    }

    @Test func aDirectoryThatMayNotBeWrittenTo() async {
        // As somebody else than root, who may write everywhere.
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            chmod(directory.path, 0o755)
            let socket = "\(directory.path)/s"
            let listener = try Listener.unix(path: "\(socket).tmp")
            link("\(socket).tmp", socket)
            listener.close()
            chmod(socket, 0o666)
            #expect(seteuid(65534) == 0 || geteuid() != 0)
            if geteuid() == 65534 {
                // Neither a new file can be made nor the dead one be removed.
                for path in [socket, "\(directory.path)/new"] {
                    #expect(throws: ListenError.noPermission(path, directory: directory.path)) { try Listener.unix(path: path) }
                }
                chmod(socket, 0o666)
            }
            seteuid(0)
        }
    }

    /// Of many that start at once on a dead socket, exactly one serves.
    @Test func twoStartsAtOnce() throws {
        for _ in 0..<20 {
            try leaveDeadSocket()
            let path = path
            let listeners = Log<Int32>()
            let kept = Log<String>()
            nonisolated(unsafe) let held = UnsafeMutablePointer<Listener?>.allocate(capacity: 8)
            held.initialize(repeating: nil, count: 8)
            let threads = (0..<8).map { index in
                Thread {
                    do throws(ListenError) {
                        let listener = try Listener.unix(path: path)
                        // Each thread has its own place.
                        held[index] = listener
                        listeners.add(listener.descriptor)
                    } catch { kept.add("\(error)") }
                }
            }
            for thread in threads { thread.join() }
            #expect(listeners.all.count == 1)
            #expect(kept.all == Array(repeating: ListenError.live(path).description, count: 7))
            _ = try Client(path: path)
            held.deinitialize(count: 8)
            held.deallocate()
            #expect(mode(path) == nil)
        }
    }

    @Test func whoHoldsTheDirectorysLockIsWaitedFor() throws {
        try leaveDeadSocket()
        let lock = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #expect(flock(lock, LOCK_EX) == 0)
        #expect(throws: ListenError.directoryLocked(directory.path)) {
            try UnixSocketFile.listen(at: path, backlog: 1, lockWait: 20_000_000)
        }
        // Nothing was touched meanwhile.
        #expect(throws: SystemError("cannot connect", code: ECONNREFUSED)) { try Client(path: path) }
        close(lock)
        try Listener.unix(path: path).close()
    }

    @Test func aRelativePathIsRemovedWhereverTheProcessIs() async {
        // The current directory is a whole process's.
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            chdir(directory.path)
            let listener = try Listener.unix(path: "s")
            #expect(listener.address == .unix(path: "s"))
            chdir("/")
            listener.close()
            #expect(access("\(directory.path)/s", F_OK) != 0)
        }
    }

    @Test func anInheritedListenerIsServedAndItsFileLeft() throws {
        let parent = try Listener.unix(path: path)
        let listener = try Listener(adopting: dup(parent.descriptor))
        #expect(listener.address == .unix(path: path))
        #expect(dg_fcntl(listener.descriptor, F_GETFD, 0) == FD_CLOEXEC)
        #expect(dg_fcntl(listener.descriptor, F_GETFL, 0) & O_NONBLOCK != 0)
        listener.close()
        #expect(mode(path) != nil)
        _ = try Client(path: path)
        parent.close()
        #expect(mode(path) == nil)
    }

    @Test func whatDoesNotListenIsNotAdopted() throws {
        let pipe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(pipe) }
        #expect(error { try Listener(adopting: pipe) } == .notListening(pipe))
        #expect(error { try Listener(adopting: 1_000_000) } == .notListening(1_000_000))
        let unbound = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(unbound) }
        #expect(error { try Listener(adopting: unbound) } == .notListening(unbound))
        // It was not closed.
        #expect(dg_fcntl(unbound, F_GETFD, 0) >= 0)
    }

    @Test func tcpTakesAnyFreePort() throws {
        let first = try Listener.tcp(host: "127.0.0.1", port: 0)
        guard case .tcp("127.0.0.1", let port) = first.address else {
            Issue.record("\(first.address)")
            return
        }
        #expect(port > 0)
        #expect("\(first.address)" == "tcp://127.0.0.1:\(port)")
        #expect(error { try Listener.tcp(host: "127.0.0.1", port: port) } == .portInUse("tcp://127.0.0.1:\(port)"))
        first.close()
        try Listener.tcp(host: "localhost", port: port).close()
    }

    @Test func addressesThatWillNotDo() throws {
        #expect(error { try Listener.tcp(host: "192.0.2.1", port: 0) } == .notOurAddress("tcp://192.0.2.1:0"))
        guard case .unknownHost("no such host", _) = error({ try Listener.tcp(host: "no such host", port: 0) }) else {
            Issue.record("the host was found")
            return
        }
    }

    @Test func addressesAreWrittenAsDockerTakesThem() {
        #expect("\(Listener.Address.unix(path: "/a b"))" == "unix:///a b")
        #expect("\(Listener.Address.tcp(host: "::1", port: 80))" == "tcp://[::1]:80")
    }

    @Test func everyErrorIsASentence() {
        let errors: [ListenError] = [
            .pathEmpty, .pathTooLong("/x"), .pathHasNull("/x\0"), .live("/x"), .notASocket("/x", kind: "a file"),
            .unclear("/x", reason: "r"), .noDirectory("/d"), .directoryIsAFile("/d"), .noPermission("/x", directory: "/d"),
            .directoryLocked("/d"), .unknownHost("h", reason: "r"), .portInUse("a"), .portForbidden("a"), .notOurAddress("a"),
            .notListening(3), .system(SystemError("cannot x", code: EIO)),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors { #expect(error.description.contains(" ") && !error.description.contains("\n")) }
        #expect(ListenError.pathHasNull("/x\0y").description.contains("\0") == false)
    }
}
