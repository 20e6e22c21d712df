/// How the end of a message's body is found (RFC 9112 section 6).
public enum BodyFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// So many bytes, at most `Int64.max`.
    case length(UInt64)
    /// Chunks, see ``ChunkedDecoder``.
    case chunked
    /// Up to the end of the connection: in responses only.
    case untilClose
}

extension BodyFraming {
    /// The value of a Content-Length field: digits and nothing else.
    static func contentLength(_ start: UnsafePointer<UInt8>, count: Int) -> Result<UInt64, HTTPError> {
        guard count > 0 else { return .failure(.malformedContentLength) }
        var length: UInt64 = 0
        var overflow = false
        for index in 0..<count {
            let digit = start[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return .failure(.malformedContentLength) }
            // Goes on after an overflow, so that a value with a letter at its end is called malformed whatever its length.
            overflow = overflow || length > (UInt64(Int64.max) - UInt64(digit)) / 10
            length = length &* 10 &+ UInt64(digit)
        }
        return overflow ? .failure(.contentLengthTooLarge) : .success(length)
    }
}
