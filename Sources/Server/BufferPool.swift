import HTTP

/// Output buffers between two uses, so that a connection holds memory only while it holds bytes.
struct BufferPool {
    /// Most of the time one is all it takes.
    private var nearest: ByteBuffer?
    private var others: ContiguousArray<ByteBuffer> = []

    private static let most = 64

    mutating func take() -> ByteBuffer { nearest.take() ?? others.popLast() ?? ByteBuffer() }

    mutating func give(_ buffer: ByteBuffer) {
        // This frees what is large.
        buffer.reset()
        if nearest == nil { nearest = buffer } else if others.count < BufferPool.most { others.append(buffer) }
    }
}
