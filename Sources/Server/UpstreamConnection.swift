import EventLoop
import Glibc
import HTTP

/// A connection to an upstream, for one exchange at a time.
///
/// Its life: `connecting`; `request` (an exchange's request is on its way, no answer's head is here yet) and `answer` (the
/// head is) in turns with `idle`, for as long as the upstream leaves it open; after a raw stream perhaps `closing` (its exchange is
/// over, and what was written still goes out); `closed`.
///
/// As with a client's connection, all that happens to it ends with a settling, see `SettlingConnection`; so a failure is never told
/// from within the delegate's own call.
final class UpstreamConnection: EventSource, SettlingConnection {
    enum Phase: UInt8 {
        case connecting, request, answer, idle, closing, closed
    }

    // Held: it is let go with the connection's end, and the loop holds the connection until then.
    let upstream: Upstream
    var descriptor: Int32 = -1
    var phase = Phase.connecting
    var exchange: UpstreamExchange?
    /// It has served another exchange before, so that the upstream may have closed it meanwhile.
    private(set) var isReused = false
    /// When its time as an idle connection is over, on the loop's clock.
    var idleDeadline: UInt64 = 0
    /// For making the connection.
    var candidates = UpstreamCandidates()
    /// While it is connecting, or closing.
    var timer: Timer?

    let input: SocketInput
    // The parser calls nobody.
    @exclusivity(unchecked) var parser: ResponseParser
    var body = UpstreamBody()
    /// The upstream's bytes ended with an error.
    var isBroken = false
    /// Both directions are over as far as the kernel is concerned: what there is to read lies ready, and the loop, which would
    /// report this again each turn, watches no more.
    var isHungUp = false
    /// Bytes were received since the last settling.
    var hasReceived = false

    // It calls nobody.
    @exclusivity(unchecked) var output: SocketOutput
    /// False when the upstream takes no more; what it sends can be read all the same.
    var canSend = true

    var pendingFailure: UpstreamFailure?
    var isCorked = false
    var isQueued = false
    var isWatched = false
    var interest: Events = []

    init(_ upstream: Upstream) {
        self.upstream = upstream
        parser = ResponseParser(limits: upstream.options.headLimits)
        input = SocketInput(upstream.scratch)
        output = SocketOutput(upstream.outputs)
        output.isHeld = true
    }

    /// Takes an exchange on: while it is connecting, or when it is idle.
    /// - Parameter unsent: what is to be sent of its request, where it isn't its head only.
    func begin(_ exchange: UpstreamExchange, unsent: ByteBuffer? = nil) {
        self.exchange = exchange
        exchange.connection = self
        if phase == .idle {
            phase = .request
            isReused = true
        }
        output.hasSent = false
        parser.reset(answering: ResponseParser.Request(isHead: exchange.isHead, offersUpgrade: exchange.offersUpgrade))
        if let unsent { output.adopt(unsent) } else { output.open().append(exchange.requestHead) }
        touch()
    }

    /// The connection is made.
    func open() {
        phase = .request
        // A Unix socket is connected at once, so nobody has watched it until now.
        if !isWatched {
            do throws(SystemError) { try watch(.readable) } catch { fail(.noConnection(upstream.address, error)) }
        }
        touch()
    }

    var turn: TurnQueue { upstream.turn }
    var isClosed: Bool { phase == .closed }

    // MARK: Being called

    func ready(_ events: Events) {
        isCorked = true
        if phase == .connecting {
            finishConnecting()
        } else {
            if events.contains(.writable) {
                output.isFull = false
                // Who waits to write has more to go out with a rest, and then it goes in one call.
                if !isWriterDue { flush() }
            }
            if !events.isSubset(of: .writable) { takeInput(events) }
        }
        advance()
        isCorked = false
        settle()
    }

    // MARK: Going on

    func advance() {
        while pendingFailure == nil {
            switch phase {
            case .connecting, .closed:
                return
            case .idle:
                // Nothing is due, so whatever comes ends it: its own end, or an answer to no request.
                if input.isAtEnd || isBroken || isHungUp || !input.unread.isEmpty { destroy() }
                return
            case .closing:
                input.consume(input.unread.count)
                if isHungUp || !canSend || output.isEmpty { destroy() }
                return
            case .request:
                wakeWriter()
                guard phase == .request, readHead() else { return }
            case .answer:
                wakeWriter()
                if phase == .answer { wakeReader() }
                if phase == .answer { noticeGone() }
                guard phase != .answer else { return }
            }
        }
    }

    var isWriterDue: Bool {
        guard let exchange, exchange.waitsToWrite else { return false }
        return !canSend || !output.isFull && output.count <= upstream.options.lowWater
    }

    private func wakeWriter() {
        guard isWriterDue, let exchange else { return }
        exchange.waitsToWrite = false
        exchange.delegate?.upstreamCanWrite(exchange)
    }

    private func wakeReader() {
        guard let exchange, exchange.waitsToRead, input.waitsInSocket || !input.unread.isEmpty || input.isAtEnd || isHungUp else { return }
        exchange.waitsToRead = false
        exchange.delegate?.upstreamCanRead(exchange)
    }

    /// Tells who may still write to a raw stream that its other side is gone altogether.
    private func noticeGone() {
        guard isHungUp, let exchange, exchange.hasReadEnd else { return }
        fail(.gone(upstream.address))
    }
}
