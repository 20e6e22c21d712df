import CDogger
import Glibc
import Testing

@testable import EventLoop

/// In processes of their own, because signals are a whole process's.
@Suite struct SignalsTests {
    @Test func aSignalFromAProcessIsAnEvent() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            var seen: [Int32] = []
            var sender: Signals.Sender?
            let signals = try Signals(loop, [SIGTERM, SIGHUP]) { number, from in
                seen.append(number)
                sender = from
                if seen.count == 2 { loop.stop() }
            }
            pthread_kill(pthread_self(), SIGHUP)
            pthread_kill(pthread_self(), SIGTERM)
            try run(loop)
            #expect(Set(seen) == [SIGHUP, SIGTERM])
            #expect(sender == .process(getpid()))
            signals.close()
        }
    }

    @Test func ctrlCOnTheTerminalComesFromTheKernel() async {
        await #expect(processExitsWith: .success) {
            let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            // unlockpt(3) and ptsname(3), which Swift's Glibc lacks: TIOCSPTLCK, TIOCGPTN.
            var lock: Int32 = 0
            var number: Int32 = -1
            #expect(ioctl(terminal, 0x4004_5431, &lock) == 0)
            #expect(ioctl(terminal, 0x8004_5430, &number) == 0)
            let name = "/dev/pts/\(number)"
            // A signal from the terminal goes to any thread that does not block it, and other threads run here already: only
            // a process that has forked has a single one.
            let fork = try #require(dlsym(nil, "fork"))
            let child = unsafeBitCast(fork, to: (@convention(c) () -> pid_t).self)()
            if child == 0 { _exit(SignalsTests.awaitInterrupt(terminal, name) ? 0 : 1) }
            var status: Int32 = -1
            #expect(waitpid(child, &status, 0) == child)
            #expect(status == 0)
        }
    }

    /// Types Ctrl-C on a terminal of its own. For a forked child: no expectations here.
    private static func awaitInterrupt(_ terminal: Int32, _ name: String) -> Bool {
        // The first terminal that a session's leader opens becomes the session's.
        guard setsid() > 0, open(name, O_RDWR) >= 0, let loop = try? EventLoop() else { return false }
        var sender: Signals.Sender?
        let signals = try? Signals(loop, [SIGINT]) { _, from in
            sender = from
            loop.stop()
        }
        guard signals != nil, write(terminal, "\u{3}", 1) == 1 else { return false }
        loop.schedule(after: 20_000_000_000) { loop.stop() }
        try? loop.run()
        return sender == .kernel
    }

    @Test func afterCloseASignalDoesWhatItDidBefore() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            let loop = try EventLoop()
            let signals = try Signals(loop, [SIGTERM]) { _, _ in }
            signals.close()
            kill(getpid(), SIGTERM)
            pause()
        }
    }
}
