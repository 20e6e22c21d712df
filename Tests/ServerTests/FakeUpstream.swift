import CDogger
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import Server

/// A listening socket, and whoever connects: the test itself plays the upstream, byte by byte.
final class FakeUpstream: @unchecked Sendable {
    // Used by one thread at a time.
    let address: UpstreamAddress
    private let directory = TemporaryDirectory()
    private let listener: Listener

    init(tcp: Bool = false) throws {
        listener = try tcp ? Listener.tcp(host: "127.0.0.1", port: 0) : Listener.unix(path: "\(directory.path)/u")
        switch listener.address {
        case .unix(let path): address = .unix(path: path)
        case .tcp(let host, let port): address = .tcp(host: host, port: port)
        }
    }

    /// Whether somebody waits to be accepted.
    var isCalled: Bool { hasInput(listener.descriptor, wait: 0) }

    /// The next connection, waited for.
    func accept(sourceLocation: SourceLocation = #_sourceLocation) throws -> Client {
        try #require(hasInput(listener.descriptor, wait: 20_000), "nobody connects", sourceLocation: sourceLocation)
        let descriptor = dg_accept(listener.descriptor)
        try #require(descriptor >= 0, sourceLocation: sourceLocation)
        // The test's side blocks.
        _ = dg_fcntl(descriptor, F_SETFL, dg_fcntl(descriptor, F_GETFL, 0) & ~O_NONBLOCK)
        return Client(descriptor: descriptor)
    }

    /// Nobody is taken any more; who is in stays.
    func close() { listener.close() }
}

/// Whether bytes or their end can be read, within so many milliseconds.
func hasInput(_ descriptor: Int32, wait: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, wait) > 0
}
