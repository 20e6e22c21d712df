import HTTP

/// The whole of a request's body, or why not.
public enum WholeBody {
    /// All of it, until the next call on the exchange, or until control goes back to the loop.
    case complete(UnsafeRawBufferPointer)
    /// Not all here; the delegate is told when to ask again.
    case wait
    /// More than the limit: answer 413.
    case tooLarge
    case failed(BodyFailure)
}

/// The next bytes of a request's body, or of what follows an upgrade.
public enum Chunk {
    /// At least one byte, until the next call on the exchange, or until control goes back to the loop.
    case bytes(UnsafeRawBufferPointer)
    /// There are no more: the body is complete, or after an upgrade the client has half-closed.
    case end
    /// None here; the delegate is told when to ask again.
    case wait
    case failed(BodyFailure)
}

/// Why a request's body can't be had. The connection ends with the answer.
public enum BodyFailure: Error, Equatable, Sendable {
    /// The client ended the connection in the middle.
    case truncated
    /// The client sent nothing for too long.
    case stalled
    case malformed(HTTPError)

    /// What to answer.
    public var status: Int {
        switch self {
        case .truncated: 400
        case .stalled: 408
        case .malformed(let error): error.status
        }
    }

    public var message: String {
        switch self {
        case .truncated: "The request's body ended before its length: the client closed its side."
        case .stalled: "The request's body did not come on: nothing arrived for too long."
        case .malformed(let error): error.message
        }
    }
}

/// What became of written bytes.
public enum WriteOutcome: Equatable, Sendable {
    case ok
    /// They were taken, but the client lags behind: write more when the delegate is told.
    case wait
    /// More than the Content-Length announced; none of them was sent, and the connection is cut.
    case overrun
    /// The exchange is over.
    case closed
}
