import HTTP

/// What a server is for. All calls come on the loop's thread.
///
/// The life of an exchange, in order: `RequestHandler.handle` gets it when the request's head is whole; it may answer
/// there and then, or set a delegate and answer later. Whichever side ends it, it is inert from then on: everything can
/// still be called, and does nothing.
public protocol RequestHandler: AnyObject {
    /// A request has come; answer now or later. What `exchange.headBytes` and `exchange.fields` point to is gone when this
    /// returns, unless `exchange.keepHead()` was called.
    func handle(_ exchange: Exchange)

    /// What came is no request; the server has answered already, and closes.
    /// - Parameters:
    ///   - error: its `status` and `message` are what the client was told.
    ///   - descriptor: the client's socket, for SO_PEERCRED; for this call only.
    func refused(_ error: HTTPError, descriptor: Int32)
}

/// Whoever answers later is told what happens meanwhile. It is set for an exchange that has to wait, and let go at its end.
public protocol ExchangeDelegate: AnyObject {
    /// After a read that said `.wait`: read again, for there are bytes now, their end, or a failure.
    func exchangeCanRead(_ exchange: Exchange)

    /// After a write that said `.wait`: the client has taken most of what was written.
    func exchangeCanWrite(_ exchange: Exchange)

    /// The exchange is over before its end; this is the last call about it.
    func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason)
}

/// Why an exchange was over before its end.
public enum CloseReason: Equatable, Sendable {
    /// The client closed its socket, or the connection broke.
    case clientGone
    /// The server shut down and its grace ran out.
    case shutdown
}
