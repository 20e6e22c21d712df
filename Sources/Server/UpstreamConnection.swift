import EventLoop
import Glibc
import HTTP

/// A connection to an upstream, for one exchange at a time.
///
/// Its life: `connecting`; `request` (an exchange's request is on its way, no answer's head is here yet) and `answer` (the
/// head is) in turns with `idle`, for as long as the upstream leaves it open; after a raw stream perhaps `closing` (its exchange is
/// over, and what was written still goes out); `closed`.
///
/// As with a client's connection, all that happens to it runs between a cork and a settling: what is written meanwhile leaves in
/// one system call, and interest and memory are put in order once. What a delegate does at another time queues the connection
/// for the end of the turn. So a failure is never told from within the delegate's own call.
final class UpstreamConnection: EventSource, ScratchUser {
    enum Phase: UInt8 {
        case connecting, request, answer, idle, closing, closed
    }

    // Held: it is let go with the connection's end, and the loop holds the connection until then.
    let upstream: Upstream
    var descriptor: Int32 = -1
    var phase = Phase.connecting
    private(set) var exchange: UpstreamExchange?
    /// It has served another exchange before, so that the upstream may have closed it meanwhile.
    private(set) var isReused = false
    /// When its time as an idle connection is over, on the loop's clock.
    var idleDeadline: UInt64 = 0
    /// For making the connection.
    var candidates = UpstreamCandidates()
    /// While it is connecting, or closing.
    var timer: Timer?

    // Input.
    /// What came and is not consumed, except what is in the upstream's scratch memory during a turn.
    var input: ByteBuffer?
    var scratchStart = 0
    var scratchEnd = 0
    // The parser calls nobody.
    @exclusivity(unchecked) private var parser: ResponseParser
    var body = UpstreamBody()
    /// The upstream's bytes are over: it has half-closed.
    var isAtEnd = false
    /// They ended with an error.
    var isBroken = false
    /// Both directions are over as far as the kernel is concerned: what there is to read lies ready, and the loop, which would
    /// report this again each turn, watches no more.
    var isHungUp = false
    /// Whoever reads takes the bytes from the socket, so they stay there.
    var leavesInput = false
    /// There are some.
    var inputWaits = false
    /// Bytes were received since the last settling.
    var hasReceived = false

    // Output.
    var output: ByteBuffer?
    /// Bytes that go out before those of `output`, which is there for as long as they are.
    var pipe: SplicePipe?
    /// The socket took less than there was; the loop tells when it takes more.
    var isFull = false
    /// False when the upstream takes no more; what it sends can be read all the same.
    var canSend = true
    /// Whether the kernel took any byte of the present request.
    var hasSent = false
    var shutsDown = false
    var hasShutDown = false

    private var pendingFailure: UpstreamFailure?
    private var isCorked = false
    private var isQueued = false
    private var isWatched = false
    private(set) var interest: Events = []

    init(_ upstream: Upstream) {
        self.upstream = upstream
        parser = ResponseParser(limits: upstream.options.headLimits)
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
        hasSent = false
        parser.reset(answering: ResponseParser.Request(isHead: exchange.isHead, offersUpgrade: exchange.offersUpgrade))
        if let unsent { output = unsent } else { openOutput().append(exchange.requestHead) }
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

    // MARK: Being called

    func ready(_ events: Events) {
        isCorked = true
        if phase == .connecting {
            finishConnecting()
        } else {
            if events.contains(.writable) {
                isFull = false
                // Who waits to write has more to go out with a rest, and then it goes in one call.
                if !isWriterDue { flush() }
            }
            if !events.isSubset(of: .writable) { takeInput(events) }
        }
        advance()
        isCorked = false
        settle()
    }

    /// Has this connection advanced and settled at the end of the turn, if it isn't being so just now.
    func touch() {
        guard !isCorked, !isQueued, phase != .closed else { return }
        isQueued = true
        upstream.queue(self)
    }

    func endTurn() {
        isQueued = false
        guard phase != .closed else { return }
        isCorked = true
        advance()
        isCorked = false
        settle()
    }

    // MARK: Going on

    private func advance() {
        while pendingFailure == nil {
            switch phase {
            case .connecting, .closed:
                return
            case .idle:
                // Nothing is due, so whatever comes ends it: its own end, or an answer to no request.
                if isAtEnd || isBroken || isHungUp || !unread.isEmpty { destroy() }
                return
            case .closing:
                consume(unread.count)
                if isHungUp || !canSend || output == nil { destroy() }
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

    /// - Returns: whether to go on with what follows.
    private func readHead() -> Bool {
        if unread.isEmpty, isHungUp, !isAtEnd { receive() }
        while true {
            let bytes = unread
            switch parser.parse(bytes) {
            case .incomplete:
                if isHungUp, !isAtEnd {
                    storeInput()
                    receive()
                    continue
                }
                guard isAtEnd else { return false }
                fail(bytes.isEmpty ? .closedBeforeAnswer(upstream.address) : .truncated(upstream.address))
                return false
            case .refused(let error):
                fail(.malformed(upstream.address, error))
                return false
            case .complete where parser.head.isInterim:
                // 100 is of no use, as bodies are sent without waiting for it; who gets the answer has not asked for others.
                consume(parser.head.byteCount)
                parser.resetAfterInterim()
            case .complete:
                startAnswer(bytes)
                return true
            }
        }
    }

    private func startAnswer(_ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        let isRaw = isHijack(exchange, bytes)
        if parser.head.isSwitch, exchange.sending != .done {
            fail(.earlyUpgrade(upstream.address))
            return
        }
        exchange.takeAnswer(parser.head, bytes, parser.fields)
        consume(parser.head.byteCount)
        phase = .answer
        body.start(isRaw ? .untilClose : parser.head.framing)
        let delegate = exchange.delegate
        if isRaw {
            exchange.becomeRaw()
            parser.releaseStorage()
        } else if body.isDone {
            finishAnswer()
        }
        delegate?.upstreamDidAnswer(exchange)
    }

    /// Docker's engine answers attach and exec with 101 to those who ask for an upgrade, and else with 200, a Content-Type of
    /// its own, and raw bytes both ways.
    private func isHijack(_ exchange: UpstreamExchange, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if parser.head.isSwitch { return true }
        guard parser.head.status == 200, parser.head.framing == .untilClose, exchange.sending == .done else { return false }
        if exchange.offersUpgrade { return true }
        guard exchange.isPost, let type = parser.firstValue(of: "content-type", in: bytes)?.bytes(in: bytes) else {
            return false
        }
        return ResponsePlan.names("application/vnd.docker.raw-stream", in: type)
            || ResponsePlan.names("application/vnd.docker.multiplexed-stream", in: type)
    }

    private var isWriterDue: Bool {
        guard let exchange, exchange.waitsToWrite else { return false }
        return !canSend || !isFull && outputCount <= upstream.options.lowWater
    }

    private func wakeWriter() {
        guard isWriterDue, let exchange else { return }
        exchange.waitsToWrite = false
        exchange.delegate?.upstreamCanWrite(exchange)
    }

    private func wakeReader() {
        guard let exchange, exchange.waitsToRead, inputWaits || !unread.isEmpty || isAtEnd || isHungUp else { return }
        exchange.waitsToRead = false
        exchange.delegate?.upstreamCanRead(exchange)
    }

    /// Tells who may still write to a raw stream that its other side is gone altogether.
    private func noticeGone() {
        guard isHungUp, let exchange, exchange.hasReadEnd else { return }
        fail(.gone(upstream.address))
    }

    func readChunk(_ exchange: UpstreamExchange) -> Chunk {
        if exchange.hasReadEnd { return .end }
        leavesInput = false
        // A reader that held the upstream up asks again: there is something, most likely, and no need for the loop to say so.
        if unread.isEmpty, !isAtEnd, !hasReceived, isHungUp || inputWaits || !interest.contains(.readable) {
            receive()
            touch()
        }
        let bytes = unread
        switch body.next(bytes, isAtEnd: isAtEnd, isBroken: isBroken) {
        case .bytes(let range, let consumed):
            consume(consumed)
            return .bytes(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .end(let consumed):
            consume(consumed)
            if exchange.isUpgraded { endRaw(exchange) } else { finishAnswer() }
            return .end
        case .wait(let consumed):
            consume(consumed)
            exchange.waitsToRead = true
            touch()
            return .wait
        case .truncated:
            fail(.truncated(upstream.address))
            return .failed(.truncated)
        case .malformed(let error):
            fail(.malformed(upstream.address, error))
            return .failed(.malformed(error))
        }
    }

    /// As `Exchange.read(into:)`.
    func read(into runs: ByteRuns, _ exchange: UpstreamExchange) -> Chunk? {
        let first = readChunk(exchange)
        guard case .bytes(let bytes) = first else { return first }
        runs.append(bytes)
        while body.isChunked, !runs.isFull {
            let bytes = unread
            switch body.next(bytes, isAtEnd: isAtEnd, isBroken: isBroken) {
            case .bytes(let range, let consumed):
                consume(consumed)
                runs.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .end(let consumed), .wait(let consumed):
                consume(consumed)
                return nil
            case .truncated, .malformed:
                return nil
            }
        }
        return nil
    }

    // MARK: Ending

    private func endRaw(_ exchange: UpstreamExchange) {
        exchange.hasReadEnd = true
        if exchange.hasEnded || isHungUp { finishRaw() }
    }

    /// A raw stream is over both ways.
    func finishRaw() {
        exchange?.detach()
        leave()
    }

    /// Closes when all that was written to a raw stream is out. Its exchange is detached.
    func leave() {
        exchange = nil
        flush()
        guard output != nil, canSend, isWatched else { return destroy() }
        phase = .closing
        leavesInput = false
        expectProgress()
        touch()
    }

    /// An upstream that takes nothing any more is not waited for.
    private func expectProgress() {
        let before = outputCount
        timer = upstream.loop.schedule(after: upstream.options.stallTimeout) { [self] in
            if outputCount < before { expectProgress() } else { destroy() }
        }
    }

    /// The answer is complete; the connection waits for the next request if it can take one.
    private func finishAnswer() {
        guard let exchange else { return }
        let isReusable = parser.head.keepAlive && exchange.sending == .done && output == nil && canSend && unread.isEmpty
            && !isAtEnd && !isHungUp
        leavesInput = false
        exchange.detach()
        self.exchange = nil
        guard isReusable, upstream.keepIdle(self) else {
            destroy()
            return
        }
        phase = .idle
    }

    /// Ends the exchange with a failure, at the end of this call or of the turn. Where the failure is only that the upstream has
    /// closed a connection that was idle before, the request is sent again on a fresh one.
    func fail(_ failure: UpstreamFailure) {
        if pendingFailure == nil { pendingFailure = failure }
        touch()
    }

    private func deliver(_ failure: UpstreamFailure) {
        let exchange = exchange
        let mayRetry: Bool
        if case .closedBeforeAnswer = failure, isReused, let exchange {
            mayRetry = !hasSent || exchange.isRepeatable
        } else {
            mayRetry = false
        }
        // Of a request that was not sent at all, all is still here.
        let unsent = mayRetry && !hasSent ? output : nil
        if unsent != nil { output = nil }
        destroy()
        guard let exchange else { return }
        if mayRetry { upstream.retry(exchange, unsent) } else { exchange.fail(failure) }
    }

    func destroy() {
        guard phase != .closed else { return }
        if phase == .idle { upstream.forgetIdle(self) }
        phase = .closed
        timer?.cancel()
        timer = nil
        candidates.release()
        stopWatching()
        if descriptor >= 0 { close(descriptor) }
        releaseBuffers()
        exchange?.connection = nil
        exchange = nil
        upstream.connectionClosed()
    }

    // MARK: Settling

    private func settle() {
        guard phase != .closed else { return }
        flush()
        if let pendingFailure {
            deliver(pendingFailure)
            return
        }
        if phase == .closing, output == nil || !canSend { return destroy() }
        if let exchange {
            let isReaderDue = exchange.waitsToRead && isHungUp && phase != .connecting
            if isWriterDue || isReaderDue { touch() }
        }
        hasReceived = false
        storeInput()
        updateInterest()
    }

    private var wantsInput: Bool {
        guard !isAtEnd else { return false }
        switch phase {
        case .connecting, .closed: return false
        case .request, .idle, .closing: return true
        // Nobody else holds on to what comes: without a reader it stays with the kernel, and the upstream waits.
        case .answer: return exchange?.waitsToRead == true
        }
    }

    private func takeInput(_ events: Events) {
        if !events.isDisjoint(with: [.hungUp, .failed]) { isHungUp = true }
        if wantsInput {
            if leavesInput, phase == .answer { inputWaits = true } else { receive() }
        }
        if isHungUp { stopWatching() }
    }

    private func updateInterest() {
        guard isWatched, phase != .connecting else { return }
        var wanted: Events = []
        if wantsInput { wanted.insert(.readable) }
        if output != nil, canSend { wanted.insert(.writable) }
        guard wanted != interest else { return }
        do throws(SystemError) {
            try upstream.loop.change(descriptor, wanted)
            interest = wanted
        } catch {
            // The kernel is out of memory. A connection that nobody would hear of again must not stay.
            fail(.noConnection(upstream.address, error))
        }
    }

    /// Puts it on the loop, or changes what it is there for.
    func watch(_ events: Events) throws(SystemError) {
        if isWatched { try upstream.loop.change(descriptor, events) } else { try upstream.loop.add(descriptor, events, self) }
        interest = events
        isWatched = true
    }

    func stopWatching() {
        guard isWatched else { return }
        upstream.loop.remove(descriptor)
        isWatched = false
        interest = []
    }
}
