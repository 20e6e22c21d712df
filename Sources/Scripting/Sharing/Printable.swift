/// Text from others on its way to a terminal: what could move the cursor, hide or reverse what stands around it is shown as an
/// escape, `\x1b`.
public enum Printable {
    public static func text(_ text: some StringProtocol) -> String { self.text(Array(text.utf8)) }

    public static func text(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { bytes in
            var shown: [UInt8] = []
            shown.reserveCapacity(bytes.count)
            append(bytes, to: &shown)
            return String(decoding: shown, as: UTF8.self)
        }
    }

    static func append(_ bytes: UnsafeRawBufferPointer, to shown: inout [UInt8]) {
        var position = 0
        while position < bytes.count {
            let length = UTF8Text.shownLength(bytes, at: position)
            if length > 0 {
                shown.append(contentsOf: bytes[position..<position + length])
            } else {
                shown += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(bytes[position] >> 4)], digits[Int(bytes[position] & 15)]]
            }
            position += max(length, 1)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
