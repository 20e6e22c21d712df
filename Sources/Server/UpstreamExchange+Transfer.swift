import HTTP

/// Sending the request's body, reading the answer's, and both after an upgrade.
extension UpstreamExchange {
    /// Sends bytes of the request's body, or after an upgrade raw ones. Small writes of one turn leave together.
    /// - Parameter bytes: read during the call only, and always taken whole, except with `.overrun` and `.closed`.
    /// - Returns: `.closed` when the upstream takes no more, though its answer may still come; with `.overrun`, more than the
    ///   announced length, the exchange fails.
    public func write(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
        guard let connection else { return .closed }
        let runs = connection.upstream.runs
        runs.removeAll()
        runs.append(bytes)
        return write(runs)
    }

    /// The same with several runs of bytes, which are one chunk where there are chunks.
    func write(_ runs: ByteRuns) -> WriteOutcome {
        guard let connection, connection.canSend else { return .closed }
        switch sending {
        case .done:
            return .closed
        case .length:
            guard UInt64(runs.byteCount) <= unsentBody else {
                connection.fail(.requestCutShort)
                return .overrun
            }
        case .chunked:
            break
        case .raw:
            guard !hasEnded else { return .closed }
        }
        connection.write(runs, chunked: sending == .chunked)
        if sending != .raw { hasWritten = true }
        if sending == .length {
            unsentBody -= UInt64(runs.byteCount)
            if unsentBody == 0 { sending = .done }
        }
        connection.touch()
        guard connection.canSend else { return .closed }
        guard connection.output.isAbove(connection.upstream.options.highWater) else { return .ok }
        waitsToWrite = true
        return .wait
    }

    /// Completes the request's body; after an upgrade it half-closes our side when what was written is out, and the upstream may
    /// go on sending.
    public func end() {
        guard let connection else { return }
        switch sending {
        case .done:
            break
        case .length:
            connection.fail(.requestCutShort)
        case .chunked:
            sending = .done
            hasWritten = true
            connection.writeLastChunk()
        case .raw:
            guard !hasEnded else { return }
            hasEnded = true
            if hasReadEnd { connection.finishRaw() } else { connection.shutDownWhenSent() }
        }
    }

    /// The next bytes of the answer's body, or after an upgrade raw ones: good until the next call on the exchange, or until
    /// control goes back to the loop. `.wait` before the answer too. After `.end` the exchange has ended, except that a raw
    /// one goes on in the other direction until `end()`, unless `isEnded` says that the upstream is gone altogether.
    /// - Returns: `.failed` where the delegate is told of a failure or was.
    public func readChunk() -> Chunk {
        guard let connection else { return failure == nil ? .end : .failed(.truncated) }
        guard isAnswered else {
            waitsToRead = true
            return .wait
        }
        return connection.readChunk(self)
    }

    /// Takes all the runs of the body that are here. They stay in place until control goes back to the loop, or this is called
    /// again.
    /// - Returns: nil where there are some; else what `readChunk` says.
    func read(into runs: ByteRuns) -> Chunk? {
        runs.removeAll()
        guard let connection, isAnswered else { return readChunk() }
        return connection.read(into: runs, self)
    }

    /// Ends it: the rest of the answer is of no interest any more. The connection is closed, and the upstream sees that: of a
    /// request at once, and what was written and is not out is dropped; of a raw stream when all that was written is out. The
    /// delegate is told nothing.
    public func close() {
        guard let connection else { return }
        detach()
        if isUpgraded { connection.leave() } else { connection.destroy() }
    }
}
