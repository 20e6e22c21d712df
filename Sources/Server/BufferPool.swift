import HTTP

/// Output buffers between two uses, so that a connection holds memory only while it holds bytes.
final class BufferPool {
    // Used with every request, each at once, by methods that call nobody.
    /// Most of the time one is all it takes.
    @exclusivity(unchecked) private var nearest: ByteBuffer?
    @exclusivity(unchecked) private var others: ContiguousArray<ByteBuffer> = []

    private let memory: FreedMemory

    private static let most = 64

    init(_ memory: FreedMemory) { self.memory = memory }

    func take() -> ByteBuffer { nearest.take() ?? others.popLast() ?? ByteBuffer() }

    func give(_ buffer: ByteBuffer) {
        let before = buffer.capacity
        buffer.reset()
        if buffer.capacity < before { memory.note() }       // it was large, and is freed
        if nearest == nil { nearest = buffer } else if others.count < BufferPool.most { others.append(buffer) }
    }
}
