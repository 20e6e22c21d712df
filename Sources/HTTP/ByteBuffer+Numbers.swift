extension ByteBuffer {
    /// Appends a number in decimal digits.
    public func append(decimal value: UInt64) {
        append(digitsOf: value, radix: 10)
    }

    /// Appends a number in lower-case hex digits, without a prefix.
    public func append(hex value: UInt64) {
        append(digitsOf: value, radix: 16)
    }

    @inline(__always)
    private func append(digitsOf value: UInt64, radix: UInt64) {
        let most = 20
        let room = writable(minimum: most)
        var rest = value
        var first = most
        repeat {
            let digit = UInt8(truncatingIfNeeded: rest % radix)
            first &-= 1
            room[first] = digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
            rest /= radix
        } while rest > 0
        let count = most &- first
        if first > 0 {
            // Towards the front, byte by byte: the two places may overlap.
            for index in 0..<count { room[index] = room[first &+ index] }
        }
        commit(count)
    }
}
