import EventLoop
import Glibc
import Testing

/// Runs a loop until `stop()`, and no longer than a broken test may take.
func run(_ loop: EventLoop, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let guardian = loop.schedule(after: 20_000_000_000) {
        Issue.record("the loop was not stopped in time", sourceLocation: sourceLocation)
        loop.stop()
    }
    try loop.run()
    guardian.cancel()
}

/// A source that is a closure.
final class Source: EventSource {
    var onReady: (Events) -> Void
    init(_ onReady: @escaping (Events) -> Void) { self.onReady = onReady }
    func ready(_ events: Events) { onReady(events) }
}

/// Two connected Unix sockets, nonblocking, closed with this.
final class SocketPair {
    let ours: Int32
    let theirs: Int32

    init() {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        precondition(socketpair(AF_UNIX, type, 0, &pair) == 0)
        ours = pair[0]
        theirs = pair[1]
    }

    deinit {
        close(ours)
        close(theirs)
    }

    /// Sends one byte from the other side.
    func poke() { precondition(write(theirs, "x", 1) == 1) }

    /// Takes what came.
    func take() {
        var byte: UInt8 = 0
        while read(ours, &byte, 1) == 1 {}
    }
}
