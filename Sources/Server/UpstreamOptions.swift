import HTTP

/// How patient an upstream's connections are, and how much is held for one. All times are in nanoseconds.
public struct UpstreamOptions: Sendable {
    /// The most that an answer's head may take.
    public var headLimits = HeadLimits()
    /// How long making a connection may take, a name's lookup with it.
    public var connectTimeout: UInt64 = 10_000_000_000
    /// How long a connection is kept for the next request: shorter than servers keep theirs, so that it is seldom the server
    /// that closes, in the moment when a request is on its way.
    public var idleTimeout: UInt64 = 15_000_000_000
    /// The most connections that are kept so.
    public var idleLimit = 64
    /// How long an upstream may take nothing of what the client of a raw stream sent before it left.
    public var stallTimeout: UInt64 = 30_000_000_000
    /// The same for one that has sent all of its own: a container that has ended reads its input no more.
    public var endedStallTimeout: UInt64 = 2_000_000_000
    /// Above so many unsent bytes `UpstreamExchange.write` says `.wait`.
    public var highWater = 64 * 1024
    /// At so many or fewer the delegate is told that it can write again.
    public var lowWater = 16 * 1024
    /// SO_SNDBUF of each connection, in bytes; nil leaves it to the kernel.
    public var sendBuffer: Int32?

    public init() {}
}
