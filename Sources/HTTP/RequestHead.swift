/// What a request's head says. Every ``Slice`` is an offset into the bytes that the parser was given.
public struct RequestHead: Equatable, Sendable {
    public var method = Slice(offset: 0, length: 0)
    /// The request target as it was sent.
    public var target = Slice(offset: 0, length: 0)
    /// The target's path, still percent-encoded: without query, and without scheme and authority in absolute-form, where
    /// it may be empty, which means `/` (and `*` for OPTIONS). `*` for `OPTIONS *`.
    public var path = Slice(offset: 0, length: 0)
    /// What stands after the first `?`, still percent-encoded.
    public var query: Slice?
    /// The host and port in an absolute-form target; the Host field is checked to be the same.
    public var authority: Slice?
    /// The Host field's value, which may be empty; nil only in HTTP/1.0.
    public var host: Slice?
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public var minorVersion: UInt8 = 1
    public var framing = BodyFraming.none
    /// Whether the client wants the connection to go on after the response.
    public var keepAlive = true
    /// Whether the client waits for `100 Continue` before it sends the body; only where there is one.
    public var expectsContinue = false
    /// The Upgrade field's value, where Connection names it, in HTTP/1.1.
    public var upgrade: Slice?
    /// The length of the head with its empty line (and with the empty lines before it, if any): where the body begins.
    public var byteCount = 0

    public init() {}
}
