import HTTP

/// Buffers between two uses, so that a connection holds memory only while it holds bytes.
struct BufferPool {
    private var spare: ContiguousArray<ByteBuffer> = []

    private static let most = 64
    private static let largest = 64 * 1024

    mutating func take() -> ByteBuffer {
        // A buffer keeps its memory while it is in use, even when it is empty for a moment: what was consumed last is still
        // being looked at.
        spare.popLast() ?? ByteBuffer(retained: .max)
    }

    mutating func give(_ buffer: ByteBuffer) {
        guard spare.count < BufferPool.most else { return }
        if buffer.capacity > BufferPool.largest { buffer.release() } else { buffer.reset() }
        spare.append(buffer)
    }
}
