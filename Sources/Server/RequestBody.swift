import HTTP

/// How far the reading of a request's body is: takes its framing off. What is unread stays with the connection.
struct RequestBody {
    private enum Framing: UInt8 {
        case done, length, chunked
    }

    /// What the bytes at hand are.
    enum Step {
        case bytes(Range<Int>, consumed: Int)
        case end(consumed: Int)
        case wait(consumed: Int)
        case failed(BodyFailure)
    }

    /// What skipping came to.
    enum Skip {
        case done(consumed: Int)
        case more(consumed: Int)
        /// The body goes on for too long, or where it ends can't be known.
        case hopeless
    }

    private var framing = Framing.done
    /// Of a body with a Content-Length: how much of it is not consumed.
    private(set) var remaining: UInt64 = 0
    private var decoder = ChunkedDecoder()
    private var skipped: UInt64 = 0
    private(set) var failure: BodyFailure?
    /// The client waits for `100 Continue`, and has not heard it.
    var awaitsContinue = false

    /// Nothing of it is left to come.
    var isDone: Bool { framing == .done }
    var isChunked: Bool { framing == .chunked }

    /// How many bytes can be taken as they come, with no framing among them.
    var plainCount: Int { framing == .length && failure == nil && !awaitsContinue ? Int(clamping: remaining) : 0 }

    /// Such bytes were taken.
    mutating func tookPlain(_ count: Int) {
        remaining -= UInt64(count)
        if remaining == 0 { framing = .done }
    }

    mutating func start(_ head: RequestHead) {
        failure = nil
        awaitsContinue = head.expectsContinue
        switch head.framing {
        case .length(let length) where length > 0:
            framing = .length
            remaining = length
            skipped = 0
        case .chunked:
            framing = .chunked
            decoder = ChunkedDecoder()
            skipped = 0
        case .length, .none, .untilClose:
            framing = .done
        }
    }

    mutating func fail(_ failure: BodyFailure) {
        if self.failure == nil { self.failure = failure }
    }

    /// Takes the next run of the body's bytes.
    mutating func next(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool) -> Step {
        if let failure { return .failed(failure) }
        switch framing {
        case .done:
            return .end(consumed: 0)
        case .length:
            let count = Int(min(UInt64(bytes.count), remaining))
            if count == 0 { return isAtEnd ? fail(with: .truncated) : .wait(consumed: 0) }
            remaining -= UInt64(count)
            if remaining == 0 { framing = .done }
            return .bytes(0..<count, consumed: count)
        case .chunked:
            switch decoder.decode(bytes) {
            case .data(let range, let consumed): return .bytes(range, consumed: consumed)
            case .needMore(let consumed): return isAtEnd ? fail(with: .truncated) : .wait(consumed: consumed)
            case .end(let consumed):
                framing = .done
                return .end(consumed: consumed)
            case .refused(let error): return fail(with: .malformed(error))
            }
        }
    }

    private mutating func fail(with failure: BodyFailure) -> Step {
        self.failure = failure
        return .failed(failure)
    }

    /// Whether the connection is better ended with the answer than after what is left of the body.
    /// - Parameters:
    ///   - available: how many bytes are at hand.
    ///   - limit: how many more are worth waiting for.
    func isNotWorthSkipping(available: Int, limit: UInt64) -> Bool {
        guard failure == nil else { return true }
        switch framing {
        case .done: return false
        // A client that did not hear 100 Continue may send the body, or the next request.
        case .chunked: return awaitsContinue && available == 0
        case .length: return awaitsContinue && available == 0 || remaining > UInt64(available) &+ limit
        }
    }

    /// Drops what is at hand of the body.
    mutating func skip(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool, limit: UInt64) -> Skip {
        var position = 0
        while true {
            switch next(UnsafeRawBufferPointer(rebasing: bytes[position...]), isAtEnd: isAtEnd) {
            case .bytes(let range, let consumed):
                position += consumed
                skipped += UInt64(range.count)
                if skipped > limit, framing == .chunked { return .hopeless }
                if isDone { return .done(consumed: position) }
            case .end(let consumed): return .done(consumed: position + consumed)
            case .wait(let consumed): return .more(consumed: position + consumed)
            case .failed: return .hopeless
            }
        }
    }
}
