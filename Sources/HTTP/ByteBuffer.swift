import Glibc

/// Bytes that come in at one end and go out at the other, in one piece of memory: a socket's input or output.
///
///     let room = buffer.writable(minimum: 4096)     // then read(fd, room) says n
///     buffer.commit(n)                              // n more bytes are in buffer.readable
///     buffer.consume(m)                             // the first m are gone
///
/// Pointers into it are good until the next call that adds, consumes or frees bytes. Not for use from two threads at once.
public final class ByteBuffer {
    // These are plain numbers that only this class's methods touch, none of which calls out or into another: no two
    // accesses can overlap, so the run-time check of that is left out of the hot path.
    @exclusivity(unchecked) @usableFromInline var base: UnsafeMutableRawPointer?
    @exclusivity(unchecked) @usableFromInline var start = 0
    @exclusivity(unchecked) @usableFromInline var end = 0
    @exclusivity(unchecked) public private(set) var capacity = 0
    private let retained: Int

    private static let smallest = 1024

    /// No memory is taken until the first byte comes.
    ///
    /// - Parameter retained: how many bytes of memory are kept when the buffer runs empty; a larger piece is freed then.
    public init(retained: Int = 65_536) { self.retained = retained }

    deinit { free(base) }

    /// The bytes that are in and not yet out.
    @inlinable
    public var readable: UnsafeRawBufferPointer {
        guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + start, count: end &- start)
    }

    @inlinable
    public var count: Int { end &- start }

    @inlinable
    public var isEmpty: Bool { end == start }

    /// Room for at least `minimum` bytes after the readable ones, and all of it that there is: write there, then
    /// ``commit(_:)``. The readable bytes may move.
    @inlinable
    public func writable(minimum: Int) -> UnsafeMutableRawBufferPointer {
        if capacity &- end < minimum || base == nil { makeRoom(minimum) }
        // makeRoom has made base non-nil.
        return UnsafeMutableRawBufferPointer(start: base.unsafelyUnwrapped + end, count: capacity &- end)
    }

    /// Says that `count` bytes were written to ``writable(minimum:)``.
    @inlinable
    public func commit(_ count: Int) {
        precondition(count >= 0 && count <= capacity &- end, "more bytes committed than there was room for")
        end &+= count
    }

    /// Drops the first `count` readable bytes.
    @inlinable
    public func consume(_ count: Int) {
        precondition(count >= 0 && count <= end &- start, "more bytes consumed than are readable")
        start &+= count
        if start == end { rewind() }
    }

    /// Drops all bytes.
    public func reset() { rewind() }

    /// Drops all bytes and frees the memory: for a connection that goes idle.
    public func release() {
        free(base)
        base = nil
        start = 0
        end = 0
        capacity = 0
    }

    @inlinable
    public func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        writable(minimum: bytes.count).baseAddress.unsafelyUnwrapped.copyMemory(from: source, byteCount: bytes.count)
        end &+= bytes.count
    }

    @inlinable
    public func append(_ string: StaticString) {
        append(UnsafeRawBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount))
    }

    @inlinable
    public func append(_ byte: UInt8) {
        writable(minimum: 1).baseAddress.unsafelyUnwrapped.storeBytes(of: byte, as: UInt8.self)
        end &+= 1
    }

    @usableFromInline
    func rewind() {
        start = 0
        end = 0
        if capacity > retained { release() }
    }

    @usableFromInline
    func makeRoom(_ minimum: Int) {
        let used = end - start
        // Moving is cheap where little is left, and then the memory is large enough for what passes through it.
        if let base, used <= capacity / 2, capacity - used >= minimum {
            memmove(base, base + start, used)
        } else {
            var larger = max(Self.smallest, capacity)
            while larger - used < minimum { larger *= 2 }
            if larger == capacity { larger *= 2 }
            guard let moved = malloc(larger) else { fatalError("no memory for a buffer of \(larger) bytes") }
            if let base { memcpy(moved, base + start, used) }
            free(base)
            base = moved
            capacity = larger
        }
        start = 0
        end = used
    }
}
