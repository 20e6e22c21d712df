import HTTP

/// Which targets are passed on. A script decides by what it sees; what the upstream's router could take for another path than the
/// script did is refused in place of being guessed.
public enum RelayTarget {
    /// Why a path is not passed on: a sentence for the client; nil where it is.
    /// - Parameter path: percent-encoded, without the query.
    public static func fault(in path: UnsafeRawBufferPointer) -> String? {
        var position = 0
        while position < path.count {
            // At a slash, or with something before the first one, at a segment.
            if path[position] == slash {
                position += 1
                if position < path.count, path[position] == slash { return fault(.emptySegment) }
            }
            var dots = 0
            var others = 0
            while position < path.count, path[position] != slash {
                var byte = path[position]
                var width = 1
                if byte == UInt8(ascii: "%"), position + 2 < path.count {
                    byte = hex(path[position + 1]) << 4 | hex(path[position + 2])
                    width = 3
                    if byte == slash { return fault(.encodedSlash) }
                }
                if byte == UInt8(ascii: "\\") { return fault(.backslash) }
                if byte == UInt8(ascii: ".") { dots += 1 } else { others += 1 }
                position += width
            }
            if others == 0, dots == 1 || dots == 2 { return fault(.dotSegment) }
        }
        return nil
    }

    private enum Fault: String {
        case emptySegment = "two slashes after each other"
        case dotSegment = "a segment of dots only, which some servers take for a way up"
        case encodedSlash = "%2F, an encoded slash, which some servers take for the end of a segment"
        case backslash = "a backslash, which some servers take for a slash"
    }

    private static func fault(_ fault: Fault) -> String {
        "The request's path holds \(fault.rawValue): it is not passed on, because the upstream might read another path than was checked here."
    }

    private static let slash = UInt8(ascii: "/")

    /// The value of a hex digit; a parser has checked that it is one.
    private static func hex(_ byte: UInt8) -> UInt8 { (byte & 0xF) &+ (byte >> 6) &* 9 }
}
