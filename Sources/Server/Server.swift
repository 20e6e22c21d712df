import EventLoop
import Glibc
import HTTP

/// Serves HTTP/1.1 to the clients of its listeners, on the thread of its loop; knows nothing of what the answers mean.
public final class Server {
    public let loop: EventLoop
    public let options: ServerOptions
    public let handler: any RequestHandler

    /// What all connections receive into.
    let scratch = ScratchMemory(count: Server.scratchSize)
    // The unchecked ones are used once or more a request, each at once, by methods that call nobody.
    /// Reads every head that comes in one piece.
    @exclusivity(unchecked) private(set) var reader: HeadReader
    private var spareReader: HeadReader?
    let memory: FreedMemory
    let outputs: BufferPool
    let turn: TurnQueue
    let runs = ByteRuns()
    let marker = ReadMarker()
    @exclusivity(unchecked) var spareExchange: Exchange?
    private(set) var isDraining = false
    /// How many requests were under way when the grace was over, and were cut off.
    public private(set) var cutOff = 0

    private(set) var connections: ContiguousArray<Connection> = []
    private(set) var acceptors: [Acceptor] = []
    private var sweep: Timer?
    @exclusivity(unchecked) private var lastID: UInt64 = 0
    private var whenDrained: (() -> Void)?
    let date = HTTPDate()
    @exclusivity(unchecked) private var seconds: Int64 = 0
    @exclusivity(unchecked) private var nextSecond: UInt64 = 0

    private static let scratchSize = 256 * 1024

    /// - Parameters:
    ///   - loop: must go on running, on the thread that makes the server, until the server has drained.
    ///   - handler: held as long as the server.
    public init(loop: EventLoop, options: ServerOptions = ServerOptions(), handler: any RequestHandler) {
        self.loop = loop
        memory = FreedMemory(loop)
        outputs = BufferPool(memory)
        turn = TurnQueue(loop)
        self.options = options
        self.handler = handler
        reader = HeadReader(limits: options.headLimits)
    }

    /// How many connections are open, the idle ones and those that are being closed among them.
    public var connectionCount: Int { connections.count }
    var hasRoom: Bool { connections.count < options.mostConnections }

    /// Takes connections from a listener from now on. The server closes it when it drains.
    /// - Throws: `SystemError` when the loop can't watch it.
    public func listen(_ listener: Listener) throws(SystemError) {
        let acceptor = Acceptor(self, listener)
        try acceptor.open()
        acceptors.append(acceptor)
    }

    /// Takes no connections until `resumeListening`: clients wait in the queue, also when the server drains meanwhile.
    public func holdListening() { for acceptor in acceptors { acceptor.isHeld = true } }

    public func resumeListening() { for acceptor in acceptors { acceptor.isHeld = false } }

    /// Ends the service without losing a request: stops listening (what waits in the queue is still taken in), closes idle
    /// connections, lets exchanges under way finish, and tells their clients that the connection ends.
    /// - Parameters:
    ///   - grace: nanoseconds, after which what is left is cut off.
    ///   - then: called once on the loop, when no connection is left.
    public func drain(grace: UInt64, then: @escaping () -> Void) {
        // Not from within a handler's call, whose connection would be closed under it.
        loop.soon { self.beginDraining(grace, then) }
    }

    private func beginDraining(_ grace: UInt64, _ then: @escaping () -> Void) {
        let earlier = whenDrained
        whenDrained = {
            earlier?()
            then()
        }
        for acceptor in acceptors { acceptor.close() }
        acceptors = []
        isDraining = true
        // A request that lies in the socket already is not lost: each has one more read before it goes.
        for connection in connections where connection.isIdle { connection.ready(.readable) }
        guard !connections.isEmpty else {
            drained()
            return
        }
        let limit = loop.schedule(after: grace) { self.cutAll() }
        let inner = whenDrained
        whenDrained = {
            limit.cancel()
            inner?()
        }
    }

    private func cutAll() {
        cutOff = connections.count { $0.phase == .exchange }
        for connection in connections { connection.breakOff(.shutdown) }
        drained()
    }

    private func drained() {
        sweep?.cancel()
        sweep = nil
        let then = whenDrained
        whenDrained = nil
        then?()
    }

    // MARK: Connections

    /// Serves a connection that did not come by a listener. Where it can't be watched it is closed.
    /// - Parameter descriptor: a nonblocking stream socket, which is the server's from now on.
    public func serve(_ descriptor: Int32, isTCP: Bool = false) {
        if var size = options.sendBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let connection = Connection(server: self, descriptor: descriptor, isTCP: isTCP)
        do throws(SystemError) { try connection.open() } catch {
            // The kernel's limit of watches or memory: the client is better told at once, by the end, than left waiting.
            close(descriptor)
            return
        }
        connection.index = connections.count
        connections.append(connection)
        if sweep == nil { scheduleSweep(at: loop.now &+ shortestTimeout) }
    }

    func forget(_ connection: Connection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        memory.note()
        for acceptor in acceptors { acceptor.resume() }
        if isDraining, connections.isEmpty { loop.soon { if self.connections.isEmpty { self.drained() } } }
    }

    // MARK: What connections share

    func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    func makeExchange() -> Exchange {
        guard let spare = spareExchange else { return Exchange() }
        spareExchange = nil
        return spare
    }

    /// Gives the reader of whole heads away, to a connection whose head is not whole yet.
    func lendReader() -> HeadReader {
        let lent = reader
        reader = spareReader ?? HeadReader(limits: options.headLimits)
        spareReader = nil
        return lent
    }

    func takeBack(_ reader: HeadReader) {
        if spareReader == nil { spareReader = reader }
    }

    /// The time for a Date field, in seconds since 1970. The clock is asked once a second.
    var wallSeconds: Int64 {
        if loop.now >= nextSecond {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            seconds = Int64(time.tv_sec)
            nextSecond = loop.now &+ 1_000_000_000 &- UInt64(time.tv_nsec)
        }
        return seconds
    }

    // MARK: Deadlines

    /// No deadline that is set from now on is earlier than this from now.
    private var shortestTimeout: UInt64 {
        min(options.headTimeout, options.idleTimeout, options.stallTimeout, options.lingerTimeout)
    }

    /// Deadlines are only stored, which is all that a request pays for them; this looks through them as often as the nearest
    /// one demands, which is seldom.
    private func expireConnections() {
        let now = loop.now
        var next = now &+ shortestTimeout
        for connection in connections {
            if connection.deadline <= now { connection.expire() } else { next = min(next, connection.deadline) }
        }
        if connections.isEmpty { sweep = nil } else { scheduleSweep(at: next) }
    }

    private func scheduleSweep(at time: UInt64) {
        let now = EventLoop.clock()
        sweep = loop.schedule(after: time > now ? time - now : 0) { self.expireConnections() }
    }
}
