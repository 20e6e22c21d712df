import HTTP

/// Output buffers between two uses, so that a connection holds memory only while it holds bytes.
final class BufferPool {
    // Used with every request, each at once, by methods that call nobody.
    /// Most of the time one is all it takes.
    @exclusivity(unchecked) private var nearest: ByteBuffer?
    @exclusivity(unchecked) private var others: ContiguousArray<ByteBuffer> = []

    private static let most = 64

    func take() -> ByteBuffer { nearest.take() ?? others.popLast() ?? ByteBuffer() }

    func give(_ buffer: ByteBuffer) {
        // This frees what is large.
        buffer.reset()
        if nearest == nil { nearest = buffer } else if others.count < BufferPool.most { others.append(buffer) }
    }
}
