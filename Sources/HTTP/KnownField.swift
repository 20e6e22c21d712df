/// The fields that decide how a message is framed and how its connection goes on.
public enum KnownField: Equatable, Sendable {
    case connection, contentLength, date, expect, host, keepAlive, proxyConnection, te, trailer, transferEncoding, upgrade
    case other

    /// - Parameter name: a field's name, in any case.
    public init(_ name: UnsafeRawBufferPointer) {
        guard let start = name.baseAddress else {
            self = .other
            return
        }
        self.init(start.assumingMemoryBound(to: UInt8.self), count: name.count)
    }

    @inline(__always)
    init(_ start: UnsafePointer<UInt8>, count: Int) {
        @inline(__always)
        func named(_ lowercase: StaticString, _ field: KnownField) -> KnownField {
            ByteClass.equals(start, count: count, lowercase) ? field : .other
        }
        // By length first: of a usual head's names all but two or three end here.
        switch count {
        case 2: self = named("te", .te)
        case 4: self = start[0] | 0x20 == UInt8(ascii: "h") ? named("host", .host) : named("date", .date)
        case 6: self = named("expect", .expect)
        case 7: self = start[0] | 0x20 == UInt8(ascii: "u") ? named("upgrade", .upgrade) : named("trailer", .trailer)
        case 10: self = start[0] | 0x20 == UInt8(ascii: "c") ? named("connection", .connection) : named("keep-alive", .keepAlive)
        case 14: self = named("content-length", .contentLength)
        case 16: self = named("proxy-connection", .proxyConnection)
        case 17: self = named("transfer-encoding", .transferEncoding)
        default: self = .other
        }
    }

    /// Whether the field is about this one connection, so that whoever forwards a message leaves it out and writes its own
    /// (RFC 9110 section 7.6.1). The fields that Connection names come on top.
    public var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade: true
        case .contentLength, .date, .expect, .host, .other: false
        }
    }

    /// Whether the field may not come after a body, where a recipient that reads it as if it had come before would frame,
    /// route or close differently (RFC 9110 section 6.5.1).
    var isForbiddenInTrailers: Bool {
        switch self {
        case .connection, .contentLength, .expect, .host, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding,
            .upgrade:
            true
        case .date, .other: false
        }
    }
}
