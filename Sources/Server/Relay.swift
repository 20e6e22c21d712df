import HTTP

/// Sends a client's request on to an upstream, and passes the answer back: bodies as they come, upgrades as raw bytes both ways,
/// each side's half-close to the other. What one side does not take makes the other wait, so that memory stays flat. When one
/// side is gone the other is told at once, and neither is cut for being quiet.
///
/// Its life: `start`; then the delegate decides what becomes of the answer: `pass()`, its body passed on, or `cancel()`; without
/// a delegate it is passed on as it came. The relay is held by the two exchanges that it stands between. For the loop's thread
/// only.
public final class Relay {
    /// The client's side.
    public let exchange: Exchange
    /// The upstream's side, after `start`.
    public private(set) var response: UpstreamExchange?
    /// Let go at the end.
    public var delegate: (any RelayDelegate)?
    /// Let go at the end.
    private(set) var witness: (any Witness)?
    /// Whether the client is being given the upstream's answer.
    public private(set) var isPassing = false
    /// Nothing of the client's goes up any more: whoever waits for the exchange may be its delegate.
    public private(set) var isUploaded = false
    private var isOver = false
    /// The upstream's, for what is passed on.
    private var runs: ByteRuns?
    /// The last bytes came in a large piece, and are likely to go on so.
    var isBulkUp = false
    var isBulkDown = false

    /// - Parameters:
    ///   - exchange: not answered yet. Its delegate is the relay, from `start` on.
    ///   - witness: sees the upstream's answer, and all that the relay itself passes on.
    public init(_ exchange: Exchange, delegate: (any RelayDelegate)? = nil, witness: (any Witness)? = nil) {
        self.exchange = exchange
        self.delegate = delegate
        self.witness = witness
    }

    /// Sends the request.
    /// - Parameters:
    ///   - request: read during the call only; from the exchange's own head, or changed. Its framing is the body's: of the
    ///     client's, or of `body`.
    ///   - body: in place of the client's; read during the call only.
    public func start(_ upstream: Upstream, _ request: UpstreamRequest, body: UnsafeRawBufferPointer? = nil) {
        runs = upstream.runs
        begin(upstream.send(request, delegate: self), body)
    }

    /// The same for a request that a parser let through.
    func startParsed(_ upstream: Upstream, _ request: UpstreamRequest) {
        runs = upstream.runs
        begin(upstream.sendParsed(request, delegate: self), nil)
    }

    private func begin(_ response: UpstreamExchange, _ body: UnsafeRawBufferPointer?) {
        self.response = response
        exchange.delegate = self
        exchange.becomePatient()
        if let body {
            isUploaded = true
            _ = response.write(body)
            response.end()
        } else if response.sending == .done {
            isUploaded = true
        } else {
            upload()
        }
    }

    /// Gives the client the upstream's answer, and what follows of its body. For `relayDidAnswer`, or later.
    /// - Parameters:
    ///   - status: nil for the upstream's. An upgrade's can't be changed.
    ///   - fields: nil for the upstream's. What concerns one connection only is left out, and the Content-Length is the
    ///     upstream's. Read during the call only.
    /// - Returns: why nothing was sent; nil if it was. After a fault the client can be answered with something else, after
    ///   `cancel()`.
    @discardableResult
    public func pass(status: Int? = nil, fields: UnsafeBufferPointer<ResponseField>? = nil) -> ResponseFault? {
        if let fault = open(status: status, fields: fields, keepsLength: true) { return fault }
        guard let response else { return .ended }
        isPassing = true
        if response.isUpgraded { isUploaded = false }
        // A script may have asked for more than the client: what goes nowhere is not waited for.
        if exchange.response == .bodiless { downloaded(response) } else { download() }
        if !isUploaded, !isOver { upload() }
        return nil
    }

    /// Gives the client the head of the upstream's answer alone. What follows is up to the caller, who becomes the delegate of
    /// the exchange and of `response`, reads from the one and writes to the other; the relay only goes on sending up what is
    /// left of the request's body, whenever the exchange can be read (`exchangeCanRead`).
    /// - Parameter keepsLength: the body will be as long as the upstream's.
    public func open(status: Int?, fields: UnsafeBufferPointer<ResponseField>?, keepsLength: Bool) -> ResponseFault? {
        guard let response, response.isAnswered, !isOver else { return .ended }
        return RelayedFields.with(response.fields, response.headBytes, replacement: fields, keepsLength: keepsLength) { list -> ResponseFault? in
            let status = status ?? response.status
            let reason = status == response.status ? response.head.reason.bytes(in: response.headBytes) : nil
            guard response.isUpgraded else { return exchange.begin(status: status, reason: reason, fields: list) }
            // 101 only to a client that asked for it. An upstream that does not say to what it has switched means that.
            let proto = exchange.offeredProtocol.map { response.head.upgrade?.bytes(in: response.headBytes) ?? $0 }
            return exchange.becomeRaw(
                switchingTo: response.head.isSwitch ? proto : nil, reason: reason, list, addsContentType: false)
        }
    }

    /// Lets both sides go: the upstream's connection is closed, unless its answer was read to the end, and the client's exchange
    /// has no delegate any more.
    public func cancel() {
        guard !isOver else { return }
        isOver = true
        delegate = nil
        dismissWitness(isComplete: false, nil)
        response?.close()
        // Another relay of the same exchange may have taken over.
        if exchange.delegate === self { exchange.delegate = nil }
    }

    // MARK: Passing bytes

    /// From the client to the upstream.
    private func upload() {
        guard let response, let runs else { return }
        while !isUploaded, !isOver {
            if isBulkUp, !isShown(.up), spliceUp(response) == .waits { return }
            switch exchange.read(into: runs) {
            case nil, .bytes:
                tellWitness(runs, .up)
                isBulkUp = runs.byteCount >= Relay.bulk
                // What it does not take is dropped: its answer says why, or its end.
                if response.write(runs) == .wait, !exchange.hasLeft {
                    // Nor is more taken in for it meanwhile.
                    exchange.connection?.input.staysInSocket = true
                    return
                }
            case .end:
                isUploaded = true
                witness?.witnessedEnd(of: .up)
                response.end()
                // Both sides of a raw stream have half-closed, and the upstream's was the first.
                if exchange.isEnded { end(isComplete: true) }
            case .wait:
                return
            case .failed(let failure):
                isUploaded = true
                fail(failure.status, failure.message)
            }
        }
    }

    /// Whether somebody has to see the bytes that go this way.
    private func isShown(_ direction: Direction) -> Bool {
        witness?.needsBytes(direction) ?? false || exchange.witness?.needsBytes(direction) ?? false
    }

    private func tellWitness(_ runs: ByteRuns, _ direction: Direction) {
        guard let witness else { return }
        runs.forEach { witness.witnessed($0, direction) }
    }

    /// From the upstream to the client.
    private func download() {
        guard let response, let runs else { return }
        while isPassing, !isOver {
            if isBulkDown, !isShown(.down), spliceDown(response) == .waits { return }
            switch response.read(into: runs) {
            case nil, .bytes:
                tellWitness(runs, .down)
                isBulkDown = runs.byteCount >= Relay.bulk
                switch exchange.write(runs) {
                case .ok: if exchange.waitsForClient() { return }
                case .wait: return
                case .overrun, .closed: end(isComplete: false)
                }
            case .end:
                downloaded(response)
            case .wait, .failed:
                return
            }
        }
    }

    private func downloaded(_ response: UpstreamExchange) {
        witness?.witnessedEnd(of: .down)
        guard response.isUpgraded else {
            exchange.end()
            end(isComplete: true)
            return
        }
        isPassing = false
        if response.isEnded {
            // The upstream is gone, or both sides have half-closed.
            exchange.close()
            end(isComplete: true)
        } else {
            exchange.closeWrite()
            if exchange.isEnded { end(isComplete: true) }
        }
    }

    // MARK: Ending

    private func fail(_ status: Int, _ message: String) {
        guard !isOver else { return }
        guard exchange.response == .none else {
            exchange.abort(message)
            end(isComplete: false, message)
            return
        }
        response?.close()
        if let delegate {
            isOver = true
            self.delegate = nil
            dismissWitness(isComplete: false, message)
            exchange.delegate = nil
            delegate.relayDidFail(self, status: status, message: message)
        } else {
            exchange.respond(status: status, message: message)
            end(isComplete: false, message)
        }
    }

    private func end(isComplete: Bool, _ failure: String? = nil) {
        guard !isOver else { return }
        isOver = true
        response?.close()
        let delegate = delegate
        self.delegate = nil
        dismissWitness(isComplete: isComplete, failure)
        delegate?.relayDidEnd(self, isComplete: isComplete)
    }

    private func dismissWitness(isComplete: Bool, _ failure: String?) {
        let witness = witness
        self.witness = nil
        witness?.witnessedOver(isComplete: isComplete, failure)
    }
}

extension Relay: ExchangeDelegate {
    public func exchangeCanRead(_ exchange: Exchange) { upload() }

    public func exchangeCanWrite(_ exchange: Exchange) { download() }

    public func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason) {
        // What the client of a raw stream sent before it left still goes up.
        if let rest = exchange.rest, let response, let runs, !isUploaded, !isOver {
            runs.removeAll()
            runs.append(rest.readable)
            tellWitness(runs, .up)
            _ = response.write(runs)
        }
        end(isComplete: false)
    }
}

extension Relay: UpstreamDelegate {
    public func upstreamDidAnswer(_ response: UpstreamExchange) {
        guard !isOver else { return }
        witness?.witnessed(
            WitnessedAnswer(head: response.head, bytes: response.headBytes, fields: response.fields, isUpgraded: response.isUpgraded))
        if let delegate {
            delegate.relayDidAnswer(self)
        } else if let fault = pass() {
            fail(502, "The upstream's answer can't be passed on: \(fault.message)")
        }
    }

    public func upstreamDidInform(_ response: UpstreamExchange, _ answer: WitnessedAnswer) {
        // Who decides of the answer has not decided of what comes before it.
        if !isOver, delegate == nil { exchange.inform(answer) }
    }

    public func upstreamCanRead(_ response: UpstreamExchange) {
        if isPassing { download() } else { delegate?.relayCanRead(self) }
    }

    public func upstreamCanWrite(_ response: UpstreamExchange) { upload() }

    public func upstreamDidFail(_ response: UpstreamExchange, _ failure: UpstreamFailure) {
        if case .gone = failure {
            exchange.close()
            end(isComplete: true)
        } else {
            fail(failure.status, failure.message)
        }
    }
}
