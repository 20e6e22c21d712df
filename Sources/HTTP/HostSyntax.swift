/// The host and port of a Host field or an absolute-form target: RFC 3986 section 3.2.2 and 3.2.3, without user
/// information, which has no place in either (RFC 9110 section 4.2.4).
enum HostSyntax {
    static func isValid(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        var position = 0
        if count > 0, start[0] == UInt8(ascii: "[") {
            position = 1
            while position < count, start[position] != UInt8(ascii: "]") { position += 1 }
            guard position < count, isIPv6(start + 1, count: position - 1) else { return false }
            position += 1
        } else {
            while position < count, start[position] != UInt8(ascii: ":") {
                if start[position] == UInt8(ascii: "%") {
                    guard isEscape(start + position, count: count - position) else { return false }
                    position += 3
                } else {
                    guard ByteClass.isHostName(start[position]) else { return false }
                    position += 1
                }
            }
            guard position > 0 else { return false }
        }
        guard position < count else { return true }
        return start[position] == UInt8(ascii: ":") && isPort(start + position + 1, count: count - position - 1)
    }

    /// Whether two hosts with their ports are the same for the http scheme, whose port is 80 where none is said.
    static func isSame(
        _ one: UnsafePointer<UInt8>, _ oneCount: Int, _ other: UnsafePointer<UInt8>, _ otherCount: Int
    ) -> Bool {
        let count = countWithoutDefaultPort(one, oneCount)
        guard count == countWithoutDefaultPort(other, otherCount) else { return false }
        for index in 0..<count where ByteClass.lowercased(one[index]) != ByteClass.lowercased(other[index]) { return false }
        return true
    }

    private static func countWithoutDefaultPort(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
        if count >= 1, start[count - 1] == UInt8(ascii: ":") { return count - 1 }
        if count >= 3, start[count - 3] == UInt8(ascii: ":"), start[count - 2] == UInt8(ascii: "8"),
            start[count - 1] == UInt8(ascii: "0")
        {
            return count - 3
        }
        return count
    }

    /// Any %XX but %00.
    private static func isEscape(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        guard count >= 3, ByteClass.isHex(start[1]), ByteClass.isHex(start[2]) else { return false }
        return start[1] != UInt8(ascii: "0") || start[2] != UInt8(ascii: "0")
    }

    private static func isPort(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        guard count <= 5 else { return false }
        var port = 0
        for index in 0..<count {
            let digit = start[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return false }
            port = port * 10 + Int(digit)
        }
        return port <= 65_535
    }

    private static func isIPv6(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        var position = 0
        var groups = 0
        var compressed = false
        if count >= 2, start[0] == UInt8(ascii: ":"), start[1] == UInt8(ascii: ":") {
            compressed = true
            position = 2
        }
        while position < count {
            var digits = 0
            while position + digits < count, ByteClass.isHex(start[position + digits]) { digits += 1 }
            if position + digits < count, start[position + digits] == UInt8(ascii: ".") {
                groups += 2
                guard isIPv4(start + position, count: count - position) else { return false }
                break
            }
            guard (1...4).contains(digits) else { return false }
            groups += 1
            position += digits
            guard position < count else { break }
            guard start[position] == UInt8(ascii: ":"), position + 1 < count else { return false }
            position += 1
            if start[position] == UInt8(ascii: ":") {
                guard !compressed else { return false }
                compressed = true
                position += 1
            }
        }
        return compressed ? groups <= 7 : groups == 8
    }

    private static func isIPv4(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        var position = 0
        for part in 0..<4 {
            var digits = 0
            var value = 0
            while position < count, start[position] &- UInt8(ascii: "0") < 10, digits < 4 {
                value = value * 10 + Int(start[position] - UInt8(ascii: "0"))
                digits += 1
                position += 1
            }
            // 010 is 8 to some and 10 to others.
            guard digits > 0, value <= 255, digits == 1 || start[position - digits] != UInt8(ascii: "0") else { return false }
            if part < 3 {
                guard position < count, start[position] == UInt8(ascii: ".") else { return false }
                position += 1
            }
        }
        return position == count
    }
}
