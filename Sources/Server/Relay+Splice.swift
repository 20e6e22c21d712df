import HTTP

/// The way of bulk: bodies with no framing among their bytes, and raw streams, go from socket to socket through a pipe. A relay
/// takes to it when bytes come in large pieces, and leaves it when they don't.
extension Relay {
    /// What came of an attempt.
    enum Splicing {
        /// Bytes are to be read and written; or there are no more.
        case impossible
        /// One side is told when to go on.
        case waits
    }

    /// Pieces from here on are bulk.
    static let bulk = 64 * 1024

    /// From the upstream to the client.
    func spliceDown(_ response: UpstreamExchange) -> Splicing {
        guard let source = response.connection, let sink = exchange.connection, !sink.output.isHeld else { return .impossible }
        let most = min(source.plainCount, exchange.plainRoom)
        guard most > 0, let pipe = sink.output.pipe(from: source.upstream.pipes) else { return .impossible }
        source.input.staysInSocket = true
        switch pipe.fill(from: source.descriptor, most: min(most, SplicePipe.capacity)) {
        case .bytes(let count):
            source.body.tookPlain(count)
            source.input.waitsInSocket = false
            exchange.wrotePlain(count)
            tellWitnesses(count, .down)
            sink.write(pipe)
            sink.touch()
            source.touch()
            if count < Relay.bulk { isBulkDown = false }
            if source.body.isDone { return .impossible }
            if sink.output.count > 0 { exchange.waitsToWrite = true } else { response.waitsToRead = true }
            return .waits
        case .wait:
            source.input.waitsInSocket = false
            source.touch()
            pipe.releaseIfEmpty()
            if !exchange.waitsForClient() { response.waitsToRead = true }
            return .waits
        case .end: source.input.isAtEnd = true
        case .broken:
            source.input.isAtEnd = true
            source.isBroken = true
        case .impossible: source.upstream.pipes.isPossible = false
        }
        pipe.releaseIfEmpty()
        return .impossible
    }

    /// From the client to the upstream.
    func spliceUp(_ response: UpstreamExchange) -> Splicing {
        guard let source = exchange.connection, let sink = response.connection, sink.canSend, !sink.output.isHeld else {
            return .impossible
        }
        let most = min(source.plainCount, response.plainRoom)
        guard most > 0, let pipe = sink.output.pipe(from: sink.upstream.pipes) else { return .impossible }
        source.input.staysInSocket = true
        switch pipe.fill(from: source.descriptor, most: min(most, SplicePipe.capacity)) {
        case .bytes(let count):
            source.tookPlain(count)
            source.input.waitsInSocket = false
            response.wrotePlain(count)
            tellWitnesses(count, .up)
            sink.write(pipe)
            sink.touch()
            source.touch()
            if count < Relay.bulk { isBulkUp = false }
            if response.sending == .done || !sink.canSend { return .impossible }
            if sink.output.count > 0 { response.waitsToWrite = true } else { exchange.waitsToRead = true }
            return .waits
        case .wait:
            source.input.waitsInSocket = false
            source.touch()
            pipe.releaseIfEmpty()
            if sink.output.count > sink.upstream.options.lowWater { response.waitsToWrite = true } else { exchange.waitsToRead = true }
            return .waits
        case .end: source.input.isAtEnd = true
        case .broken:
            source.isCut = true
            source.touch()
        case .impossible: sink.upstream.pipes.isPossible = false
        }
        pipe.releaseIfEmpty()
        return .impossible
    }

    private func tellWitnesses(_ count: Int, _ direction: Direction) {
        witness?.witnessed(count: count, direction)
        exchange.witness?.witnessed(count: count, direction)
    }
}

extension SplicePipe {
    /// One with bytes in it belongs to the connection that they wait for.
    fileprivate func releaseIfEmpty() {
        if count == 0 { release() }
    }
}

extension UpstreamConnection {
    /// How many bytes can be taken from the socket as they are, before anything else is due.
    fileprivate var plainCount: Int { input.unread.isEmpty && !input.isAtEnd && phase == .answer ? body.plainCount : 0 }
}

extension Connection {
    /// How many bytes can be taken from the socket as they are, before anything else is due.
    fileprivate var plainCount: Int {
        guard input.unread.isEmpty, !input.isAtEnd, !isCut, let exchange, phase == .exchange else { return 0 }
        return exchange.isUpgraded && body.isDone ? .max : body.plainCount
    }

    fileprivate func tookPlain(_ count: Int) {
        if exchange?.isUpgraded != true { body.tookPlain(count) }
    }
}

extension Exchange {
    /// How many bytes can be put into the socket as they are.
    fileprivate var plainRoom: Int {
        switch response {
        case .fixed: Int(clamping: remaining)
        case .untilClose: .max
        case .none, .chunked, .bodiless, .over: 0
        }
    }

    fileprivate func wrotePlain(_ count: Int) {
        if response == .fixed { remaining -= UInt64(count) }
    }
}

extension UpstreamExchange {
    /// How many bytes can be put into the socket as they are.
    fileprivate var plainRoom: Int {
        switch sending {
        case .length: Int(clamping: unsentBody)
        case .raw: hasEnded ? 0 : .max
        case .done, .chunked: 0
        }
    }

    fileprivate func wrotePlain(_ count: Int) {
        guard sending == .length else { return }
        hasWritten = true
        unsentBody -= UInt64(count)
        if unsentBody == 0 { sending = .done }
    }
}
