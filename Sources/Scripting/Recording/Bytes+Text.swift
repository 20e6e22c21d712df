/// Text that is put together as the bytes of UTF-8, in which it may have been before.
extension [UInt8] {
    /// Appends.
    mutating func add(_ parts: String...) { for part in parts { append(contentsOf: part.utf8) } }

    mutating func add(_ bytes: [UInt8]) { append(contentsOf: bytes) }

    /// Every line that is not empty, moved to the right.
    func indented(by spaces: Int) -> [UInt8] {
        var moved: [UInt8] = []
        moved.reserveCapacity(count + count / 8)
        var isAtStart = true
        for byte in self {
            if isAtStart, byte != 0x0A { moved.append(contentsOf: repeatElement(0x20, count: spaces)) }
            moved.append(byte)
            isAtStart = byte == 0x0A
        }
        return moved
    }
}
