import CDogger
import EventLoop
import Glibc
import HTTP
import Synchronization
import TestSupport
import Testing

@testable import Server

/// A server on a loop and a thread of its own, on a socket in a directory of its own.
///
/// It is Sendable although the server is not: everything but the mailbox is either fixed before the thread starts, or
/// touched by the loop's thread only.
final class TestServer: @unchecked Sendable {
    let path: String
    /// The real one for TCP.
    private(set) var address = Listener.Address.unix(path: "")
    private let directory = TemporaryDirectory()
    private let mailbox: Mailbox
    private let thread: Thread
    // The test's thread's alone.
    private var isStopped = false

    /// - Parameter handle: called on the server's thread.
    init(
        _ options: ServerOptions = ServerOptions(), tcp: Bool = false, handle: @escaping @Sendable (Exchange) -> Void
    ) throws {
        path = "\(directory.path)/s"
        let mailbox = Mailbox()
        self.mailbox = mailbox
        let listener = try tcp ? Listener.tcp(host: "127.0.0.1", port: 0) : Listener.unix(path: path)
        address = listener.address
        let descriptor = UncheckedBox(listener)
        thread = Thread {
            do {
                let loop = try EventLoop()
                let server = Server(loop: loop, options: options, handler: ClosureHandler(handle, mailbox))
                try server.listen(descriptor.value)
                try mailbox.open(loop, server)
                try loop.run()
                mailbox.close(loop)
                loop.abandon()
            } catch {
                Issue.record("the test's server ended: \(error)")
            }
        }
    }

    deinit { stop() }

    /// Runs something on the server's thread, and gives what it gives.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Server) -> Value) -> Value {
        let result = Box<Value>()
        mailbox.post { result.set(body($0)) }
        return result.wait()
    }

    /// Waits until the server has seen everything that was sent to it before this call: one turn takes a new connection in, the
    /// next reads from it, and a third comes after both.
    func settle() {
        for _ in 0..<3 { _ = onLoop { $0.connectionCount } }
    }

    /// What was refused so far.
    var refusals: [HTTPError] { mailbox.refusals.withLock { $0 } }

    /// Cuts all connections, and waits for the thread's end.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        mailbox.post { server in server.drain(grace: 0) { server.loop.stop() } }
        thread.join()
    }

    func connect(receiveBuffer: Int32? = nil) throws -> Client {
        switch address {
        case .unix: try Client(path: path, receiveBuffer: receiveBuffer)
        case .tcp(_, let port): try Client(port: port, receiveBuffer: receiveBuffer)
        }
    }

    /// Waits until no connection is open.
    func awaitNoConnections(sourceLocation: SourceLocation = #_sourceLocation) {
        wait(until: { $0.connectionCount == 0 }, sourceLocation: sourceLocation)
    }

    /// Waits until something holds on the server's thread.
    func wait(until condition: @escaping @Sendable (Server) -> Bool, sourceLocation: SourceLocation = #_sourceLocation) {
        let deadline = EventLoop.clock() + 20_000_000_000
        while !onLoop(condition) {
            guard EventLoop.clock() < deadline else {
                Issue.record("it did not come to hold", sourceLocation: sourceLocation)
                return
            }
            sched_yield()
        }
    }
}

private final class ClosureHandler: RequestHandler {
    private let onRequest: (Exchange) -> Void
    private let mailbox: Mailbox

    init(_ onRequest: @escaping (Exchange) -> Void, _ mailbox: Mailbox) {
        self.onRequest = onRequest
        self.mailbox = mailbox
    }

    func handle(_ exchange: Exchange) { onRequest(exchange) }
    func refused(_ error: HTTPError, descriptor: Int32) { mailbox.refusals.withLock { $0.append(error) } }
}

/// Work for the loop's thread, from others: an eventfd wakes it.
private final class Mailbox: EventSource, @unchecked Sendable {
    // The descriptor never changes; `server` is the loop's thread's; the rest has a lock.
    private let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    private let posts = Mutex<[@Sendable (Server) -> Void]>([])
    let refusals = Mutex<[HTTPError]>([])
    private var server: Server?

    deinit { Glibc.close(descriptor) }

    func post(_ body: @escaping @Sendable (Server) -> Void) {
        posts.withLock { $0.append(body) }
        eventfd_write(descriptor, 1)
    }

    func open(_ loop: EventLoop, _ server: Server) throws {
        self.server = server
        try loop.add(descriptor, .readable, self)
    }

    func close(_ loop: EventLoop) {
        loop.remove(descriptor)
        server = nil
    }

    func ready(_ events: Events) {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        let taken = posts.withLock { posts in
            defer { posts = [] }
            return posts
        }
        if let server { for body in taken { body(server) } }
    }
}

/// A POSIX thread that runs a closure.
final class Thread: @unchecked Sendable {
    // Written once, before anybody else sees it.
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(UncheckedBox(body))
        pthread_create(&thread, nil, { pointer in
            // The pointer is the box retained above.
            Unmanaged<UncheckedBox<@Sendable () -> Void>>.fromOpaque(pointer!).takeRetainedValue().value()
            return nil
        }, box.toOpaque())
    }

    func join() { pthread_join(thread, nil) }
}

/// Hands a value from one thread to another, which alone uses it from then on.
final class UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// A value that another thread waits for.
final class Box<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let semaphore = Semaphore()

    func set(_ new: Value) {
        value.withLock { $0 = new }
        semaphore.signal()
    }

    /// Waits for it, 30 s at most.
    func wait(sourceLocation: SourceLocation = #_sourceLocation) -> Value {
        semaphore.wait()
        guard let value = value.withLock({ $0 }) else {
            Issue.record("what was waited for did not come", sourceLocation: sourceLocation)
            fatalError("a test waits for what never comes")
        }
        return value
    }
}

final class Semaphore: @unchecked Sendable {
    // A sem_t is made for being shared.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    /// - Returns: false after 30 s.
    @discardableResult
    func wait() -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += 30
        while sem_timedwait(semaphore, &deadline) != 0 { if errno == ETIMEDOUT { return false } }
        return true
    }
}

/// A list that the server's thread adds to and the test looks at.
final class Log<Element: Sendable & Equatable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}
