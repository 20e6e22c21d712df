import HTTP

/// How patient a server is, and how much it holds for a client. All times are in nanoseconds.
public struct ServerOptions: Sendable {
    /// The most that a request's head may take.
    public var headLimits = HeadLimits()
    /// From a request's first byte to the end of its head, and from a connection's first moment to its first byte.
    public var headTimeout: UInt64 = 10_000_000_000
    /// How long a connection may wait for its next request. Longer than the 60 s after which many clients' pools (and proxies)
    /// let go, so that it is the client who closes, and no request meets a closing server.
    public var idleTimeout: UInt64 = 75_000_000_000
    /// How long a client may send nothing of a body that a handler waits for, and take nothing of an answer that was given whole.
    /// Any progress begins it anew. Once a stream or an upgrade has begun its client may pause as long as it likes: somebody may
    /// be paging through a log.
    public var stallTimeout: UInt64 = 30_000_000_000
    /// After an answer that ends the connection: how long to wait for the client to close, dropping what it still sends. A
    /// connection closed over unread bytes would be reset, and the answer might be lost.
    public var lingerTimeout: UInt64 = 2_000_000_000
    /// Reading stops when so many bytes wait for a handler that does not take them; it goes on at half.
    public var inputLimit = 256 * 1024
    /// What is left of a request's body when its answer is complete is skipped up to so many bytes; with more to come, the
    /// connection ends instead.
    public var skipLimit: UInt64 = 256 * 1024
    /// Above so many unsent bytes `Exchange.write` says `.wait`.
    public var highWater = 256 * 1024
    /// At so many or fewer the delegate is told that it can write again.
    public var lowWater = 64 * 1024
    /// With so many connections open, whoever comes waits in the listeners' queues.
    public var mostConnections = Int.max
    /// SO_SNDBUF of each connection, in bytes; nil leaves it to the kernel.
    public var sendBuffer: Int32?

    public init() {}
}
