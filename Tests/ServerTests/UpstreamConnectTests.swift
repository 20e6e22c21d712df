import CDogger
import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Server

/// False with the thread sanitizer: of the thread that getaddrinfo_a(3) makes it is told nothing, and has no state for it.
private let threadsAreFollowed = Sanitizer.current != .thread

/// Making connections, and why they can't be made.
@Suite struct UpstreamConnectTests {
    /// What a request to an address fails with.
    private func failure(_ address: UpstreamAddress, _ options: UpstreamOptions = UpstreamOptions()) throws -> UpstreamFailure? {
        let loop = try EventLoop()
        let upstream = Upstream(loop: loop, address: address, options: options)
        let sent = Sent(reads: true)
        withRequest("GET", "/") { sent.exchange = upstream.send($0, delegate: sent) }
        #expect(sent.failure == nil, "the failure is told during the call")
        let deadline = EventLoop.clock() + 20_000_000_000
        while sent.failure == nil, EventLoop.clock() < deadline {
            loop.schedule(after: 1_000_000) { loop.stop() }
            try loop.run()
        }
        #expect(upstream.connectionCount == 0)
        return sent.failure
    }

    @Test func aSocketThatIsNotThereIsNamed() throws {
        let directory = TemporaryDirectory()
        for path in ["\(directory.path)/none", "\(directory.path)/none/s"] {
            let address = UpstreamAddress.unix(path: path)
            let found = try failure(address)
            #expect(found == .noSocket(address))
            #expect(found?.message.contains("unix://\(path)") == true)
            #expect(found?.status == 502)
        }
    }

    @Test func aFileThatIsNoSocketIsNamed() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/file"
        Glibc.close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(try failure(.unix(path: path)) == .notASocket(.unix(path: path)))
        #expect(try failure(.unix(path: directory.path)) == .notASocket(.unix(path: directory.path)))
    }

    @Test func aDeadSocketIsNamed() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/dead"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(withSocketAddress(path) { bind(descriptor, $0, $1) } == 0)
        Glibc.close(descriptor)
        #expect(try failure(.unix(path: path)) == .refused(.unix(path: path)))
    }

    @Test func aPathThatIsTooLongFails() throws {
        let path = "/" + String(repeating: "x", count: 200)
        guard case .noConnection(_, let error) = try failure(.unix(path: path)) else {
            Issue.record("it did not fail so")
            return
        }
        #expect(error.code == ENAMETOOLONG)
    }

    @Test func aPortWhereNobodyListensIsNamed() throws {
        let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
        guard case .tcp(_, let port) = listener.address else { return }
        listener.close()
        let address = UpstreamAddress.tcp(host: "127.0.0.1", port: port)
        #expect(try failure(address) == .refused(address))
    }

    @Test(.enabled(if: threadsAreFollowed, "the sanitizer crashes in the thread that looks the name up")) func aHostThatIsNotFoundIsNamed() throws {
        // No DNS server has to be asked: a label is never empty.
        let address = UpstreamAddress.tcp(host: "no..body", port: 1)
        guard case .unknownHost(address, let reason) = try failure(address) else {
            Issue.record("it did not fail so")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test(.enabled(if: threadsAreFollowed, "the sanitizer crashes in the thread that looks the name up")) func aNameIsLookedUp() throws {
        let harness = try UpstreamHarness(tcp: true)
        guard case .tcp(_, let port) = harness.server.address else { return }
        let upstream = Upstream(loop: harness.loop, address: .tcp(host: "localhost", port: port))
        for _ in 0..<2 {
            let sent = Sent(reads: true)
            withRequest("GET", "/") { sent.exchange = upstream.send($0, delegate: sent) }
            // "localhost" may be ::1 first, where nobody listens: the next address is tried.
            let client = try harness.accept()
            client.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            try harness.turn(until: { sent.isOver })
            #expect(sent.body == "ok")
        }
    }

    @Test func overTCPItIsTheSame() throws {
        let harness = try UpstreamHarness(tcp: true)
        let sent = harness.send("POST", framing: .length(5))
        sent.write("hello")
        let client = try harness.accept()
        _ = try harness.head(client)
        #expect(client.read(5) == "hello")
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "ok")
        #expect(harness.upstream.connectionCount == 1)
    }

    /// A listening socket whose queue has no room.
    private func fullSocket(_ path: String) -> (listener: Int32, waiting: [Int32]) {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(withSocketAddress(path) { bind(listener, $0, $1) } == 0)
        #expect(listen(listener, 0) == 0)
        var waiting: [Int32] = []
        while true {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            waiting.append(descriptor)
            if withSocketAddress(path, { connect(descriptor, $0, $1) }) != 0 { return (listener, waiting) }
        }
    }

    @Test func aFullQueueIsWaitedFor() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/full"
        let (listener, waiting) = fullSocket(path)
        defer { for descriptor in waiting + [listener] { Glibc.close(descriptor) } }
        let harness = try UpstreamHarness()
        let upstream = Upstream(loop: harness.loop, address: .unix(path: path))
        let sent = Sent(reads: true)
        withRequest("GET", "/") { sent.exchange = upstream.send($0, delegate: sent) }
        for _ in 0..<3 { try harness.turn() }
        #expect(!sent.isOver)
        // Makes room: all but the last of those who wait are in the queue.
        for _ in waiting.dropLast() { Glibc.close(accept(listener, nil, nil)) }
        try harness.turn(until: { hasInput(listener, wait: 0) })
        let client = Client(descriptor: accept(listener, nil, nil))
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "ok")
        upstream.close()
    }

    @Test func aFullQueueIsNotWaitedForForever() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/full"
        let (listener, waiting) = fullSocket(path)
        defer { for descriptor in waiting + [listener] { Glibc.close(descriptor) } }
        var options = UpstreamOptions()
        options.connectTimeout = 20_000_000
        let found = try failure(.unix(path: path), options)
        #expect(found == .connectTimedOut(.unix(path: path)))
        #expect(found?.status == 504)
    }

    @Test func whoClosesWhileItConnectsIsToldNothing() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/full"
        let (listener, waiting) = fullSocket(path)
        defer { for descriptor in waiting + [listener] { Glibc.close(descriptor) } }
        let harness = try UpstreamHarness()
        let upstream = Upstream(loop: harness.loop, address: .unix(path: path))
        let sent = Sent(reads: true)
        withRequest("GET", "/") { sent.exchange = upstream.send($0, delegate: sent) }
        sent.exchange.close()
        for _ in 0..<10 { try harness.turn() }
        #expect(sent.calls == 0)
        #expect(upstream.connectionCount == 0)
    }

    @Test(arguments: [
        UpstreamFailure.forbidden(.unix(path: "/s")), .forbidden(.tcp(host: "h", port: 1)), .refused(.tcp(host: "h", port: 1)),
        .noConnection(.unix(path: "/s"), SystemError("cannot connect", code: EMFILE)), .gone(.unix(path: "/s")),
        .truncated(.unix(path: "/s")), .earlyUpgrade(.unix(path: "/s")),
    ])
    func eachFailureNamesTheAddress(_ failure: UpstreamFailure) {
        #expect(failure.message.contains("unix:///s") || failure.message.contains("tcp://h:1"))
        #expect(failure.message.hasSuffix(".") || failure.message.hasSuffix("?"))
        #expect(failure.status == 502)
    }

    @Test func errnosAreFailures() {
        let unix = UpstreamAddress.unix(path: "/nowhere/at/all")
        #expect(UpstreamFailure.connecting(to: unix, EACCES) == .forbidden(unix))
        #expect(UpstreamFailure.connecting(to: unix, EPERM) == .forbidden(unix))
        #expect(UpstreamFailure.connecting(to: unix, ENOENT) == .noSocket(unix))
        #expect(UpstreamFailure.connecting(to: unix, ETIMEDOUT) == .connectTimedOut(unix))
        #expect(UpstreamFailure.connecting(to: unix, EPROTOTYPE) == .notASocket(unix))
    }
}
