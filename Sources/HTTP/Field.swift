/// A run of bytes inside a head, by offset from the head's first byte: good for as long as the head's bytes are kept,
/// wherever they move.
public struct Slice: Equatable, Sendable {
    public var offset: UInt32
    public var length: UInt32

    @inlinable
    public init(offset: UInt32, length: UInt32) {
        self.offset = offset
        self.length = length
    }

    @inlinable
    init(_ start: Int, upTo end: Int) {
        self.init(offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: end &- start))
    }

    @inlinable
    public var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }

    /// The bytes themselves.
    ///
    /// - Parameter head: the bytes that the parser was given, starting at the first byte of the message.
    @inlinable
    public func bytes(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: head[range])
    }
}

/// A field line: its name as sent, and its value without the blanks around it. C code reads a list of these in place as
/// four `uint32_t` each, so the layout is part of the interface.
public struct Field: Equatable, Sendable {
    public var name: Slice
    public var value: Slice

    @inlinable
    public init(name: Slice, value: Slice) {
        self.name = name
        self.value = value
    }
}
