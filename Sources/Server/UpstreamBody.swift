import HTTP

/// How far the reading of an answer's body is: takes its framing off. What is unread stays with the connection.
struct UpstreamBody {
    private enum Framing: UInt8 {
        case done, length, chunked, untilClose
    }

    /// What the bytes at hand are.
    enum Step {
        case bytes(Range<Int>, consumed: Int)
        case end(consumed: Int)
        case wait(consumed: Int)
        case truncated
        case malformed(HTTPError)
    }

    private var framing = Framing.done
    private var remaining: UInt64 = 0
    private var decoder = ChunkedDecoder()

    /// Nothing of it is left to come.
    var isDone: Bool { framing == .done }

    var isChunked: Bool { framing == .chunked }

    /// How many bytes can be taken as they come, with no framing among them.
    var plainCount: Int {
        switch framing {
        case .done, .chunked: 0
        case .length: Int(clamping: remaining)
        case .untilClose: .max
        }
    }

    /// Such bytes were taken.
    mutating func tookPlain(_ count: Int) {
        guard framing == .length else { return }
        remaining -= UInt64(count)
        if remaining == 0 { framing = .done }
    }

    mutating func start(_ framing: BodyFraming) {
        switch framing {
        case .none, .length(0):
            self.framing = .done
        case .length(let length):
            self.framing = .length
            remaining = length
        case .chunked:
            self.framing = .chunked
            decoder = ChunkedDecoder()
        case .untilClose:
            self.framing = .untilClose
        }
    }

    /// Takes the next run of the body's bytes.
    /// - Parameters:
    ///   - isAtEnd: nothing comes after them.
    ///   - isBroken: the end was no orderly one.
    mutating func next(_ bytes: UnsafeRawBufferPointer, isAtEnd: Bool, isBroken: Bool) -> Step {
        switch framing {
        case .done:
            return .end(consumed: 0)
        case .length:
            let count = Int(min(UInt64(bytes.count), remaining))
            if count == 0 { return isAtEnd ? .truncated : .wait(consumed: 0) }
            remaining -= UInt64(count)
            if remaining == 0 { framing = .done }
            return .bytes(0..<count, consumed: count)
        case .chunked:
            switch decoder.decode(bytes) {
            case .data(let range, let consumed): return .bytes(range, consumed: consumed)
            case .needMore(let consumed): return isAtEnd ? .truncated : .wait(consumed: consumed)
            case .end(let consumed):
                framing = .done
                return .end(consumed: consumed)
            case .refused(let error): return .malformed(error)
            }
        case .untilClose:
            if bytes.count > 0 { return .bytes(0..<bytes.count, consumed: bytes.count) }
            guard isAtEnd else { return .wait(consumed: 0) }
            if isBroken { return .truncated }
            framing = .done
            return .end(consumed: 0)
        }
    }
}
