import HTTP

/// Which of a message's fields concern one connection only, so that whoever forwards the message leaves them out: those that
/// RFC 9110 section 7.6.1 names, and those that the Connection field itself names.
public struct HopByHopFilter {
    private let fields: UnsafeBufferPointer<ResponseField>
    /// Connection names something beside what is left out anyway.
    private let hasNamed: Bool

    public init(_ fields: UnsafeBufferPointer<ResponseField>) {
        self.fields = fields
        var hasNamed = false
        for index in 0..<fields.count where KnownField(fields[index].name) == .connection {
            var elements = Elements(fields[index].value)
            while let element = elements.next() {
                if !KnownField(element).isHopByHop, !ResponsePlan.names("close", in: element) { hasNamed = true }
            }
        }
        self.hasNamed = hasNamed
    }

    /// Whether a field stays behind.
    /// - Parameter known: what `KnownField` says of the name.
    public func drops(_ name: UnsafeRawBufferPointer, _ known: KnownField) -> Bool {
        if known.isHopByHop { return true }
        return hasNamed && isNamed(name)
    }

    private func isNamed(_ name: UnsafeRawBufferPointer) -> Bool {
        for field in fields where KnownField(field.name) == .connection {
            var elements = Elements(field.value)
            while let element = elements.next() {
                if Self.isSame(element, name) { return true }
            }
        }
        return false
    }

    private static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where lowercased(one[index]) != lowercased(other[index]) { return false }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

    /// The elements of a comma-separated list, without the blanks around them.
    private struct Elements {
        private var rest: UnsafeRawBufferPointer

        init(_ list: UnsafeRawBufferPointer) { rest = list }

        mutating func next() -> UnsafeRawBufferPointer? {
            while rest.count > 0 {
                var end = 0
                while end < rest.count, rest[end] != UInt8(ascii: ",") { end += 1 }
                var first = 0
                var last = end
                while first < last, Self.isBlank(rest[first]) { first += 1 }
                while first < last, Self.isBlank(rest[last - 1]) { last -= 1 }
                let element = UnsafeRawBufferPointer(rebasing: rest[first..<last])
                rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
                if !element.isEmpty { return element }
            }
            return nil
        }

        private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    }
}
