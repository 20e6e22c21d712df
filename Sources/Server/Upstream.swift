import EventLoop
import Glibc
import HTTP

/// A server that requests are sent on to, over connections that are made when they are needed and used again. For its loop's
/// thread only. It stays as long as one of its connections is open.
public final class Upstream {
    public let loop: EventLoop
    public let address: UpstreamAddress
    public let options: UpstreamOptions
    /// How many connections are open or being made, the idle ones among them.
    public private(set) var connectionCount = 0

    /// What all connections receive into.
    let scratch = ScratchMemory(count: Upstream.scratchSize)
    let outputs: BufferPool
    let turn: TurnQueue
    let runs = ByteRuns()
    let pipes = SplicePipePool()
    let resolver: UpstreamResolver
    /// Makes each connection, in place of a connect(2) to the address: gives a nonblocking descriptor, or -1 with errno set.
    let dial: (() -> Int32)?
    private let hostField: ByteBuffer
    /// The one that was used last is at the end, and is used next, so that those too many grow old.
    private var idle: ContiguousArray<UpstreamConnection> = []
    private var sweep: Timer?
    private var isClosed = false
    /// See `drain`.
    var whenDrained: (() -> Void)?

    private static let scratchSize = 256 * 1024

    /// No connection is made yet.
    /// - Parameter dial: makes each connection, to whatever it likes; the address is then but a name for messages. It gives a
    ///   nonblocking stream socket, or -1 with errno set.
    public init(loop: EventLoop, address: UpstreamAddress, options: UpstreamOptions = UpstreamOptions(), dial: (() -> Int32)? = nil) {
        self.loop = loop
        turn = TurnQueue(loop)
        outputs = BufferPool(FreedMemory(loop))
        self.dial = dial
        self.address = address
        self.options = options
        resolver = UpstreamResolver(loop, address)
        hostField = ByteBuffer()
        var host = address.hostField
        host.withUTF8 { hostField.append(UnsafeRawBufferPointer($0)) }
    }

    /// Sends a request's head; a body follows by `write` and `end` of the exchange. The head goes out at the end of the turn, or
    /// with a large piece of the body.
    ///
    /// Where a connection that was used before turns out to be closed, before any byte of an answer, or to have bytes on it that are
    /// no answer, the request goes out once more on a fresh one, if it can't take effect twice: nothing of it was sent, or it is
    /// idempotent and its body is not written.
    /// - Parameters:
    ///   - request: read during the call only.
    ///   - delegate: told of the answer, or of a failure (a malformed request is one too), but never during this call.
    public func send(_ request: UpstreamRequest, delegate: any UpstreamDelegate) -> UpstreamExchange {
        let exchange = UpstreamExchange()
        if let fault = request.fault {
            exchange.delegate = delegate
            loop.soon { if exchange.delegate != nil { exchange.fail(fault) } }
            return exchange
        }
        start(exchange, request, delegate)
        return exchange
    }

    /// The same for a request that a parser let through.
    func sendParsed(_ request: UpstreamRequest, delegate: any UpstreamDelegate) -> UpstreamExchange {
        let exchange = UpstreamExchange()
        start(exchange, request, delegate)
        return exchange
    }

    /// Closes the connections that are idle now, and each other one after its exchange.
    public func close() {
        isClosed = true
        while let connection = idle.last { connection.destroy() }
    }

    private func start(_ exchange: UpstreamExchange, _ request: UpstreamRequest, _ delegate: any UpstreamDelegate) {
        withExtendedLifetime(hostField) { exchange.start(request, delegate, defaultHost: hostField.readable) }
        if let connection = takeIdle(for: exchange) { connection.begin(exchange) } else { connect(for: exchange, nil) }
    }

    private func connect(for exchange: UpstreamExchange, _ unsent: ByteBuffer?) {
        let connection = UpstreamConnection(self)
        connectionCount += 1
        connection.begin(exchange, unsent: unsent)
        connection.connect()
    }

    /// Sends a request again, on a fresh connection.
    /// - Parameter unsent: what is to be sent of it; nil for its head, which is all that was written.
    func retry(_ exchange: UpstreamExchange, _ unsent: ByteBuffer?) { connect(for: exchange, unsent) }

    // MARK: Idle connections

    private func takeIdle(for exchange: UpstreamExchange) -> UpstreamConnection? {
        // What can be repeated is sent without a look; for the rest a system call is a fair price.
        let isRepeatable = exchange.isRepeatable && exchange.sending == .done
        while let connection = idle.popLast() {
            if isRepeatable || !connection.isStale { return connection }
            connection.destroy()
        }
        return nil
    }

    /// - Returns: false where there are enough.
    func keepIdle(_ connection: UpstreamConnection) -> Bool {
        guard !isClosed, idle.count < options.idleLimit else { return false }
        connection.idleDeadline = loop.now &+ options.idleTimeout
        idle.append(connection)
        if sweep == nil { scheduleSweep(after: options.idleTimeout) }
        return true
    }

    func forgetIdle(_ connection: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    func connectionClosed() {
        connectionCount -= 1
        if connectionCount == 0 { drained() }
    }

    private func scheduleSweep(after time: UInt64) {
        sweep = loop.schedule(after: time) { [weak self] in self?.expire() }
    }

    /// The list is in the order of its deadlines, so only its front is looked at.
    private func expire() {
        sweep = nil
        let now = loop.now
        while let connection = idle.first, connection.idleDeadline <= now { connection.destroy() }
        if let next = idle.first { scheduleSweep(after: next.idleDeadline - now) }
    }
}
