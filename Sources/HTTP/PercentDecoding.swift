/// Percent-decoding (RFC 3986 section 2.1).
public enum PercentDecoding {
    /// - Parameters:
    ///   - source: such as a path, or one of its segments. Decode segments only after splitting: `%2F` is no boundary.
    ///   - destination: room for `source.count` bytes; may be the same memory as `source`.
    ///   - plusIsSpace: true in a query (the form encoding), false in a path.
    /// - Returns: how many bytes were written, or nil where a `%` is not followed by two hex digits, which can't be in a target
    ///   that ``RequestParser`` let through.
    public static func decode(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, plusIsSpace: Bool = false
    ) -> Int? {
        precondition(destination.count >= source.count, "the decoded bytes may be as many as the encoded ones")
        var read = 0
        var written = 0
        while read < source.count {
            var byte = source[read]
            if byte == UInt8(ascii: "%") {
                guard read + 2 < source.count, ByteClass.isHex(source[read + 1]), ByteClass.isHex(source[read + 2]) else {
                    return nil
                }
                byte = ByteClass.hexValue(source[read + 1]) << 4 | ByteClass.hexValue(source[read + 2])
                read += 2
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                byte = .space
            }
            destination[written] = byte
            read += 1
            written += 1
        }
        return written
    }

    /// Whether decoding would change anything: where not, the bytes can be used as they are.
    public static func isNeeded(_ source: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> Bool {
        for byte in source where byte == UInt8(ascii: "%") || (plusIsSpace && byte == UInt8(ascii: "+")) { return true }
        return false
    }
}
