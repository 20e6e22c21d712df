import HTTP

/// Reading the answer: its head, and its body or the raw bytes that follow.
extension UpstreamConnection {
    /// - Returns: whether to go on with what follows.
    func readHead() -> Bool {
        if input.unread.isEmpty, isHungUp, !input.isAtEnd { receive() }
        if isReused, !output.hasSent, !input.unread.isEmpty {
            fail(.closedBeforeAnswer(upstream.address))     // what is here answers nothing that was asked
            return false
        }
        while true {
            let bytes = input.unread
            switch parser.parse(bytes) {
            case .incomplete:
                if isHungUp, !input.isAtEnd {
                    input.store()
                    receive()
                    continue
                }
                guard input.isAtEnd else { return false }
                fail(bytes.isEmpty ? .closedBeforeAnswer(upstream.address) : .truncated(upstream.address))
                return false
            case .refused(let error):
                fail(.malformed(upstream.address, error))
                return false
            case .complete where parser.head.isInterim:
                // 100 is of no use, as bodies are sent without waiting for it.
                if parser.head.status != 100, let exchange {
                    exchange.delegate?.upstreamDidInform(
                        exchange, WitnessedAnswer(head: parser.head, bytes: bytes, fields: parser.fields, isUpgraded: false))
                    guard phase == .request else { return true }
                }
                input.consume(parser.head.byteCount)
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
        input.consume(parser.head.byteCount)
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

    func readChunk(_ exchange: UpstreamExchange) -> Chunk {
        if exchange.hasReadEnd { return .end }
        input.staysInSocket = false
        // A reader that held the upstream up asks again: there is something, most likely, and no need for the loop to say so.
        if input.unread.isEmpty, !input.isAtEnd, !hasReceived, isHungUp || input.waitsInSocket || !interest.contains(.readable) {
            receive()
            touch()
        }
        while true {
            let bytes = input.unread
            // A raw stream has no end that could be missing: who leaves with bytes unread (`head -1` in a container) ends it with an
            // error, and all that came before counts.
            switch body.next(bytes, isAtEnd: input.isAtEnd, isBroken: isBroken && !exchange.isUpgraded) {
            case .bytes(let range, let consumed):
                input.consume(consumed)
                return .bytes(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .end(let consumed):
                input.consume(consumed)
                if exchange.isUpgraded { endRaw(exchange) } else { finishAnswer() }
                return .end
            case .wait(let consumed):
                input.consume(consumed)
                // Half a line is left, and nobody will say that the end is behind it.
                if isHungUp, !input.isAtEnd {
                    input.store()
                    receive()
                    continue
                }
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
    }

    /// As `Exchange.read(into:)`.
    func read(into runs: ByteRuns, _ exchange: UpstreamExchange) -> Chunk? {
        let first = readChunk(exchange)
        guard case .bytes(let bytes) = first else { return first }
        runs.append(bytes)
        while body.isChunked, !runs.isFull {
            let bytes = input.unread
            switch body.next(bytes, isAtEnd: input.isAtEnd, isBroken: isBroken) {
            case .bytes(let range, let consumed):
                input.consume(consumed)
                runs.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .end(let consumed), .wait(let consumed):
                input.consume(consumed)
                return nil
            case .truncated, .malformed:
                return nil
            }
        }
        return nil
    }
}
