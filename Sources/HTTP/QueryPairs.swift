import Glibc

/// Takes a query apart into its pairs, in order, still encoded: `a=1&b` is `a` with `1` and `b` with nothing. Decode name
/// and value with ``PercentDecoding/decode(_:into:plusIsSpace:)`` after.
public struct QueryPairs: Sequence, IteratorProtocol {
    public typealias Pair = (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    private var rest: UnsafeRawBufferPointer

    /// - Parameter query: without the `?`.
    public init(_ query: UnsafeRawBufferPointer) { rest = query }

    /// The next pair; empty ones, as in `a&&b`, are passed over.
    public mutating func next() -> Pair? {
        while rest.count > 0 {
            let end = Self.index(of: UInt8(ascii: "&"), in: rest) ?? rest.count
            let pair = UnsafeRawBufferPointer(rebasing: rest[..<end])
            rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(end + 1, rest.count)...])
            guard pair.count > 0 else { continue }
            let mark = Self.index(of: UInt8(ascii: "="), in: pair) ?? pair.count
            return (
                UnsafeRawBufferPointer(rebasing: pair[..<mark]),
                UnsafeRawBufferPointer(rebasing: pair[Swift.min(mark + 1, pair.count)...])
            )
        }
        return nil
    }

    private static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else { return nil }
        return UnsafeRawPointer(found) - start
    }
}
