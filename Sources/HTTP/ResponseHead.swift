/// What a response's head says. Every ``Slice`` is an offset into the bytes that the parser was given.
public struct ResponseHead: Equatable, Sendable {
    /// 100 to 599.
    public var status = 0
    /// The words after the status, as sent; may be empty.
    public var reason = Slice(offset: 0, length: 0)
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public var minorVersion: UInt8 = 1
    public var framing = BodyFraming.none
    /// Whether the connection can take another request after this response.
    public var keepAlive = true
    /// In a 101: the protocol that the connection speaks from here on.
    public var upgrade: Slice?
    /// The length of the head with its empty line: where the body begins.
    public var byteCount = 0

    public init() {}

    /// Whether this response only comes before the real one, as 100 and 103 do.
    public var isInterim: Bool { status < 200 && status != 101 }

    /// Whether the connection is raw bytes both ways after this head.
    public var isSwitch: Bool { status == 101 }
}
