/// The elements of a field value that is a comma-separated list (RFC 9110 section 5.6.1): without the blanks around
/// them, and without the empty ones, which a recipient must pass over.
struct ListElements {
    private let bytes: UnsafePointer<UInt8>
    private var position: Int
    private let end: Int

    init(_ value: Slice, in bytes: UnsafePointer<UInt8>) {
        self.bytes = bytes
        position = value.range.lowerBound
        end = value.range.upperBound
    }

    mutating func next() -> Slice? {
        while position < end {
            var start = position
            while position < end, bytes[position] != UInt8(ascii: ",") { position += 1 }
            var last = position
            if position < end { position += 1 }
            while start < last, ByteClass.isBlank(bytes[start]) { start += 1 }
            while last > start, ByteClass.isBlank(bytes[last - 1]) { last -= 1 }
            if start < last { return Slice(start, upTo: last) }
        }
        return nil
    }
}
