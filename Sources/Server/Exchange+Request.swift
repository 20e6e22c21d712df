import EventLoop
import HTTP

/// Reading the request's body, and what follows an upgrade.
extension Exchange {
    /// The whole body without a copy, where all of it has come already and its length was given, or there is none; nil
    /// otherwise. Good until the next call on the exchange, or until control goes back to the loop.
    public var completeBody: UnsafeRawBufferPointer? {
        guard let connection, !isUpgraded, connection.body.failure == nil else { return nil }
        if connection.body.isDone { return collected?.readable ?? UnsafeRawBufferPointer(start: nil, count: 0) }
        guard !connection.body.isChunked else { return nil }
        return connection.bytesAtHand(connection.body.remaining)
    }

    /// The whole body, put together. What `readChunk` has given before is not in it.
    /// - Parameter limit: the most bytes to hold; whoever asks again gives the same.
    public func readBody(limit: Int) -> WholeBody {
        guard let connection, !isUpgraded else { return .failed(.truncated) }
        if isTooLarge { return .tooLarge }
        if let failure = connection.body.failure { return .failed(failure) }
        wholeLimit = limit
        if connection.body.isChunked, !collect(limit) { return waitToRead(connection, .wait) }
        if isTooLarge { return .tooLarge }
        if let failure = connection.body.failure { return .failed(failure) }
        if connection.body.isDone { return .complete(seen(collected?.readable ?? UnsafeRawBufferPointer(start: nil, count: 0))) }
        let length = connection.body.remaining
        guard length <= UInt64(limit) else {
            isTooLarge = true
            return .tooLarge
        }
        if let bytes = connection.bytesAtHand(length) { return .complete(seen(bytes)) }
        if connection.input.isAtEnd {
            connection.body.fail(.truncated)
            return .failed(.truncated)
        }
        connection.input.wanted = Int(length)
        return waitToRead(connection, .wait)
    }

    private func seen(_ body: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if witness != nil { tell(whole: body) }
        return body
    }

    /// The next bytes that came; after an upgrade, of the raw stream.
    public func readChunk() -> Chunk {
        guard let connection else { return .failed(.truncated) }
        connection.takeLeftInput()
        wholeLimit = nil
        if isUpgraded { return readRaw(connection) }
        let bytes = connection.input.unread
        switch connection.body.next(bytes, isAtEnd: connection.input.isAtEnd) {
        case .bytes(let range, let consumed):
            connection.input.consume(consumed)
            connection.resumeInput()
            let chunk = UnsafeRawBufferPointer(rebasing: bytes[range])
            if witness != nil { tell(chunk: chunk) }
            return .bytes(chunk)
        case .end(let consumed):
            connection.input.consume(consumed)
            if witness != nil { tellEndOfInput() }
            return .end
        case .wait(let consumed):
            connection.input.consume(consumed)
            return waitToRead(connection, .wait)
        case .failed(let failure):
            return .failed(failure)
        }
    }

    /// Takes all the runs of the body that are here. They stay in place until control goes back to the loop, or this is called
    /// again.
    /// - Returns: nil where there are some; else what `readChunk` says.
    func read(into runs: ByteRuns) -> Chunk? {
        runs.removeAll()
        let first = readChunk()
        guard case .bytes(let bytes) = first else { return first }
        runs.append(bytes)
        while let connection, connection.body.isChunked, !runs.isFull, !isUpgraded {
            let bytes = connection.input.unread
            switch connection.body.next(bytes, isAtEnd: connection.input.isAtEnd) {
            case .bytes(let range, let consumed):
                connection.input.consume(consumed)
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[range])
                if witness != nil { tell(chunk: chunk) }
                runs.append(chunk)
            case .end(let consumed), .wait(let consumed):
                connection.input.consume(consumed)
                return nil
            case .failed:
                return nil
            }
        }
        return nil
    }

    private func readRaw(_ connection: Connection) -> Chunk {
        if !connection.body.isDone, !skipToRaw(connection) {
            return connection.input.isAtEnd ? endOfInput(connection) : waitToRead(connection, .wait)
        }
        let bytes = connection.input.unread
        if bytes.count > 0 {
            connection.input.consume(bytes.count)
            connection.resumeInput()
            if witness != nil { tell(chunk: bytes) }
            return .bytes(bytes)
        }
        return connection.input.isAtEnd ? endOfInput(connection) : waitToRead(connection, .wait)
    }

    /// Drops what nobody has read of the body before the upgrade.
    private func skipToRaw(_ connection: Connection) -> Bool {
        switch connection.body.skip(connection.input.unread, isAtEnd: connection.input.isAtEnd, limit: .max) {
        case .done(let consumed):
            connection.input.consume(consumed)
            return true
        case .more(let consumed):
            connection.input.consume(consumed)
            return false
        case .hopeless:
            connection.input.isAtEnd = true
            return false
        }
    }

    private func endOfInput(_ connection: Connection) -> Chunk {
        hasReadEnd = true
        if witness != nil { tellEndOfInput() }
        if response == .over { finish(connection) }
        return .end
    }

    private func waitToRead<Outcome>(_ connection: Connection, _ outcome: Outcome) -> Outcome {
        waitsToRead = true
        if connection.body.awaitsContinue {
            connection.body.awaitsContinue = false
            if connection.input.unread.isEmpty, response == .none { connection.output.open().appendContinue() }
        }
        connection.touch()
        return outcome
    }

    /// Puts together what has come of a chunked body.
    /// - Returns: whether that is all there will be.
    private func collect(_ limit: Int) -> Bool {
        guard let connection else { return true }
        let body: ByteBuffer
        if let collected {
            body = collected
        } else {
            body = ByteBuffer(retained: .max)
            collected = body
        }
        while true {
            let bytes = connection.input.unread
            switch connection.body.next(bytes, isAtEnd: connection.input.isAtEnd) {
            case .bytes(let range, let consumed):
                connection.input.consume(consumed)
                guard body.count + range.count <= limit else {
                    isTooLarge = true
                    collected = nil
                    return true
                }
                body.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .end(let consumed):
                connection.input.consume(consumed)
                return true
            case .wait(let consumed):
                connection.input.consume(consumed)
                return false
            case .failed:
                return true
            }
        }
    }

    /// Whether a read that said `.wait` would say something else now.
    var canRead: Bool {
        guard let connection else { return false }
        if connection.body.failure != nil || connection.input.isAtEnd { return true }
        guard let wholeLimit else { return !connection.input.unread.isEmpty || connection.input.waitsInSocket }
        if connection.body.isChunked { return collect(wholeLimit) }
        return connection.input.unread.count >= connection.input.wanted
    }
}

extension Connection {
    /// Takes in what was left in the socket for somebody who does not come.
    fileprivate func takeLeftInput() {
        guard input.staysInSocket else { return }
        input.staysInSocket = false
        input.waitsInSocket = false
        guard input.unread.isEmpty, !input.isAtEnd else { return }
        receive()
        touch()
    }

    /// The first so many unread bytes, if they are here.
    fileprivate func bytesAtHand(_ count: UInt64) -> UnsafeRawBufferPointer? {
        let bytes = input.unread
        return UInt64(bytes.count) >= count ? UnsafeRawBufferPointer(rebasing: bytes[..<Int(count)]) : nil
    }
}
