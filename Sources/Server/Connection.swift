import EventLoop
import HTTP

/// One client's connection: it reads requests, has them answered one after the other, and writes the answers.
///
/// Its life goes round: `head` (waiting for a request, and reading its head), `exchange` (the handler has it), `skipping`
/// (answered; what is left of the request's body is dropped), and `head` again; or in the end `closing` (the last answer is
/// on its way out), `lingering` (it is out; what the client still sends is dropped until it has seen the end), `closed`.
///
/// Everything that happens to it ends with a settling, see `SettlingConnection`.
final class Connection: EventSource, SettlingConnection {
    enum Phase: UInt8 {
        case head, exchange, skipping, closing, lingering, closed
    }

    // Server and connection hold each other until the connection is closed.
    let server: Server
    // Of the unchecked properties below: each is set and read at once, and none is passed inout to anything that could come back
    // here; the run-time check of that would be a tenth of a request's cost.
    let descriptor: Int32
    let isTCP: Bool
    /// Its place in `server.connections`.
    var index = 0
    var phase = Phase.head
    @exclusivity(unchecked) var exchange: Exchange?
    /// When it is out of time, on the loop's clock; `.max` where it has all the time.
    var deadline: UInt64

    let input: SocketInput
    /// Takes the place of the server's while a head comes in pieces.
    @exclusivity(unchecked) var reader: HeadReader?
    @exclusivity(unchecked) var body = RequestBody()
    /// The half-close is known of, but there are bytes before it to read.
    var hasSeenHalfClose = false

    @exclusivity(unchecked) var output: SocketOutput
    /// See `probe`.
    var isProbed = false
    /// The first byte of the answer that is about to be given is out already.
    var hasBegunHead = false

    /// The answer that is being given is the last.
    var isLast = false
    /// The client has said itself that it sends nothing after this request.
    var clientCloses = false
    var hasServed = false
    /// What is read and written is a stream: neither a client that pauses is cut off, nor one that takes long to read the end.
    var isPatient = false
    var isReadingHead = false
    var isBlocked = false

    /// The client is gone: nothing can be written to it.
    var isGone = false
    /// The connection is cut off as soon as this call is over.
    var isCut = false
    var isCorked = false
    var isQueued = false
    var isWatched = true
    var interest: Events

    init(server: Server, descriptor: Int32, isTCP: Bool) {
        self.server = server
        self.descriptor = descriptor
        self.isTCP = isTCP
        input = SocketInput(server.scratch)
        output = SocketOutput(server.outputs)
        interest = [.readable, .halfClosed]
        deadline = server.loop.now &+ server.options.headTimeout
    }

    /// Puts it on the loop.
    func open() throws(SystemError) { try server.loop.add(descriptor, interest, self) }

    var turn: TurnQueue { server.turn }
    var isClosed: Bool { phase == .closed }

    // MARK: Being called

    func ready(_ events: Events) {
        isCorked = true
        if events.contains(.writable) {
            output.isFull = false
            // Who waits to write has more to go out with a rest, and then it goes in one call.
            if !isWriterDue { flush() }
        }
        if !events.isSubset(of: .writable) { takeInput(events) }
        advance()
        isCorked = false
        settle()
    }

    /// Out of time.
    func expire() {
        switch phase {
        case .head where isReadingHead && output.isEmpty:
            isCorked = true
            answerWithError(408, "The request's head was not complete in time.")
            isCorked = false
            settle()
        case .exchange:
            body.fail(.stalled)
            endTurn()
        default:
            destroy()
        }
    }

    // MARK: Going on

    func advance() {
        while !isCut {
            if phase != .exchange, exchange != nil { recycle() }
            switch phase {
            case .head:
                isBlocked = output.count > server.options.highWater
                guard !isBlocked, startRequest() else { return }
            case .exchange:
                wakeHandler()
                guard phase != .exchange else { return }
            case .skipping:
                guard skipBody() else { return }
            case .lingering:
                input.consume(input.unread.count)
                return
            case .closing, .closed:
                return
            }
        }
    }

    /// Hands the next request to the handler.
    /// - Returns: whether there was one.
    private func startRequest() -> Bool {
        let bytes = input.unread
        guard bytes.count > 0 else { return false }
        let reader: HeadReader
        if let own = self.reader {
            reader = own
        } else {
            reader = server.reader
            reader.parser.reset()
        }
        switch reader.parser.parse(bytes) {
        case .incomplete:
            if self.reader == nil { self.reader = server.lendReader() }
            return false
        case .refused(let error):
            server.handler.refused(error, descriptor: descriptor)
            answerWithError(error.status, error.message)
            return true
        case .complete:
            start(reader, bytes)
            return true
        }
    }

    private func start(_ reader: HeadReader, _ bytes: UnsafeRawBufferPointer) {
        let exchange = server.makeExchange()
        exchange.start(on: self, reader.parser.head, bytes, reader.parser.fields)
        let byteCount = exchange.head.byteCount
        // What is consumed stays in place until more is received, and nothing is before the handler returns.
        input.consume(byteCount)
        input.wanted = 0
        body.start(exchange.head)
        clientCloses = !exchange.head.keepAlive
        isLast = clientCloses
        hasServed = true
        isPatient = false
        isReadingHead = false
        isProbed = false
        self.exchange = exchange
        phase = .exchange
        server.handler.handle(exchange)
        exchange.leaveHead()
        if self.reader != nil { returnReader() }
    }

    func returnReader() {
        if let reader { server.takeBack(reader) }
        reader = nil
    }

    /// Whether the handler waits to write, and can.
    var isWriterDue: Bool {
        guard let exchange, exchange.waitsToWrite else { return false }
        return !output.isFull && output.count <= server.options.lowWater
    }

    private func wakeHandler() {
        guard let exchange else { return }
        if isWriterDue {
            exchange.waitsToWrite = false
            exchange.delegate?.exchangeCanWrite(exchange)
        }
        guard phase == .exchange, exchange.waitsToRead, exchange.canRead else { return }
        exchange.waitsToRead = false
        exchange.delegate?.exchangeCanRead(exchange)
    }

    /// Drops what is left of the request's body.
    /// - Returns: false where more has to come first.
    private func skipBody() -> Bool {
        if body.isDone {
            phase = .head
            return true
        }
        switch body.skip(input.unread, isAtEnd: input.isAtEnd, limit: server.options.skipLimit) {
        case .done(let count):
            input.consume(count)
            phase = .head
            return true
        case .more(let count):
            input.consume(count)
            return false
        case .hopeless:
            phase = .closing
            return true
        }
    }

    /// Decides before an answer's head is written whether it is the last.
    func decideFate(closes: Bool) {
        if closes || server.isDraining
            || body.isNotWorthSkipping(available: input.unread.count, limit: server.options.skipLimit)
        {
            isLast = true
        }
    }

    /// The exchange's answer is complete, as far as the handler is concerned.
    func exchangeEnded() {
        input.staysInSocket = false
        if let exchange {
            if exchange.witness != nil { exchange.tellComplete(self) }
            exchange.detach()
        }
        phase = isLast || server.isDraining ? .closing : .skipping
        touch()
    }

    /// Keeps the exchange for the next request, if nobody else does; one that is still held stays what it is, ended.
    func recycle() {
        guard var ended = exchange else { return }
        exchange = nil
        guard isKnownUniquelyReferenced(&ended) else { return }
        ended.releaseMemory()
        server.spareExchange = ended
    }

    /// Refuses what the client sends, and ends the connection, after all earlier answers.
    private func answerWithError(_ status: Int, _ message: String) {
        ErrorAnswer.append(
            to: output.open(), status: status, message: message, date: server.date, seconds: server.wallSeconds)
        isLast = true
        phase = .closing
    }

    /// Whether it can be closed at once when the server drains: nothing is under way.
    var isIdle: Bool { phase == .head && input.unread.isEmpty && output.isEmpty }
}
