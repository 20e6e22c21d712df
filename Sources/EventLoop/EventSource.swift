import CDogger

/// What a descriptor is watched for, and what happened to it. `hungUp` and `failed` are always watched.
public struct Events: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes can be read, or their end.
    public static let readable = Events(rawValue: EPOLLIN.rawValue)
    /// Bytes can be written.
    public static let writable = Events(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more; it may still read.
    public static let halfClosed = Events(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are over: the peer is gone.
    public static let hungUp = Events(rawValue: EPOLLHUP.rawValue)
    /// The descriptor failed; the next call on it says how.
    public static let failed = Events(rawValue: EPOLLERR.rawValue)
}

/// Whatever owns a descriptor on the loop.
public protocol EventSource: AnyObject {
    /// Called on the loop's thread, once a turn at most, when the descriptor is ready for any of `events`. Level-triggered:
    /// what is not dealt with is reported again in the next turn.
    func ready(_ events: Events)
}
