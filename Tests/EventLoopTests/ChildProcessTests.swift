import Glibc
import Testing

@testable import EventLoop

@Suite struct ChildProcessTests {
    private func status(
        of arguments: [String], environment: [String] = ["PATH=/usr/bin:/bin"], descriptors: [Int32: Int32] = [:],
        started: (ChildProcess) -> Void = { _ in }
    ) throws -> ChildProcess.Status? {
        let loop = try EventLoop()
        var status: ChildProcess.Status?
        let child = try ChildProcess(loop, arguments, environment: environment, descriptors: descriptors) {
            status = $0
            loop.stop()
        }
        started(child)
        try run(loop)
        #expect(child.status == status)
        child.send(SIGKILL)
        return status
    }

    @Test func itsExitCodeIsReported() throws {
        #expect(try status(of: ["sh", "-c", "exit 0"]) == .exited(code: 0))
        #expect(try status(of: ["sh", "-c", "exit 7"]) == .exited(code: 7))
    }

    @Test func itsSignalIsReported() throws {
        #expect(try status(of: ["sh", "-c", "kill -KILL $$"]) == .signalled(SIGKILL))
        #expect(try status(of: ["sleep", "1000"]) { $0.send(SIGTERM) } == .signalled(SIGTERM))
    }

    @Test func itsEnvironmentIsWhatWasGiven() throws {
        // /proc holds what the kernel was given, whatever the shell adds to it.
        let script = "test \"$(tr '\\000' '|' < /proc/$$/environ)\" = 'A=b c|PATH=/bin:/usr/bin|'"
        let environment = ["A=b c", "PATH=/bin:/usr/bin"]
        #expect(try status(of: ["/bin/sh", "-c", script], environment: environment) == .exited(code: 0))
    }

    @Test func itInheritsWhatItIsGivenAndNothingElse() throws {
        let pair = SocketPair()
        let script = "echo three >&3; echo four >&4; test ! -e /proc/self/fd/\(pair.ours)"
        // Each in the place of the other: neither may be overwritten before it is copied.
        #expect(try status(of: ["sh", "-c", script], descriptors: [3: pair.theirs, 4: pair.theirs]) == .exited(code: 0))
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(pair.ours, &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == "three\nfour\n")
    }

    @Test func descriptorsMayTradePlaces() throws {
        let first = SocketPair()
        let second = SocketPair()
        let script = "echo first >&\(second.theirs); echo second >&\(first.theirs)"
        let map = [second.theirs: first.theirs, first.theirs: second.theirs]
        guard max(first.theirs, second.theirs) < 10 else {
            // The shell takes one digit only; the swap itself is what matters.
            #expect(try status(of: ["true"], descriptors: map) == .exited(code: 0))
            return
        }
        #expect(try status(of: ["sh", "-c", script], descriptors: map) == .exited(code: 0))
        var byte: UInt8 = 0
        #expect(read(first.ours, &byte, 1) == 1)
        #expect(byte == UInt8(ascii: "f"))
        #expect(read(second.ours, &byte, 1) == 1)
        #expect(byte == UInt8(ascii: "s"))
    }

    @Test func aProgramThatIsNotThereIsAnError() throws {
        let loop = try EventLoop()
        #expect(throws: SystemError("cannot start '/nonexistent/program'", code: ENOENT)) {
            try ChildProcess(loop, ["/nonexistent/program"], environment: []) { _ in }
        }
    }

    @Test func aCopyOfThisProcessGoesOnWithWhatItIsGiven() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var status: ChildProcess.Status?
        let parent = getpid()
        // This process has threads, so its copy must not do more than make system calls.
        let child = try ChildProcess(loop, forking: {
            let isCopy: UInt8 = getpid() != parent && getppid() == parent ? 1 : 0
            withUnsafeBytes(of: isCopy) { _ = write(pair.theirs, $0.baseAddress, 1) }
            _exit(9)
        }) {
            status = $0
            loop.stop()
        }
        #expect(child.pid != parent)
        try run(loop)
        #expect(status == .exited(code: 9))
        var isCopy: UInt8 = 0
        #expect(read(pair.ours, &isCopy, 1) == 1)
        #expect(isCopy == 1)
    }

    @Test func itsSignalsAreAtTheirDefaultsWhateverTheyAreHere() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            signal(SIGUSR1, SIG_IGN)
            signal(SIGCHLD, SIG_IGN)
            var mask = sigset_t()
            sigfillset(&mask)
            pthread_sigmask(SIG_BLOCK, &mask, nil)
            let loop = try EventLoop()
            // 32 and 33 are the C library's own.
            let script = """
                grep -q '^SigBlk:.0*$' /proc/self/status || exit 1
                grep -qE '^SigIgn:.0*(180000000)?$' /proc/self/status || exit 2
                """
            var status: ChildProcess.Status?
            let child = try ChildProcess(loop, ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"]) {
                status = $0
                loop.stop()
            }
            try run(loop)
            #expect(status == .exited(code: 0))
            #expect(child.status != nil)
        }
    }
}
