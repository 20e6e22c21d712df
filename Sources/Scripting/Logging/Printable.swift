/// Text from others on its way to a terminal: what could move the cursor, hide or reverse what stands around it is shown as an
/// escape, `\x1b`. What has been made printable stays as it is when that is done again.
public enum Printable {
    /// As one line: line feeds and tabs are shown as escapes, too.
    public static func text(_ text: some StringProtocol) -> String { self.text(Array(text.utf8)) }

    public static func text(_ bytes: [UInt8]) -> String { shown(bytes, indent: nil) }

    /// As lines: line feeds and tabs are kept.
    public static func lines(_ text: String) -> String { shown(Array(text.utf8), indent: 0) }

    private static func shown(_ bytes: [UInt8], indent: Int?) -> String {
        bytes.withUnsafeBytes { bytes in
            var shown: [UInt8] = []
            shown.reserveCapacity(bytes.count)
            append(bytes, to: &shown, indent: indent)
            return String(decoding: shown, as: UTF8.self)
        }
    }

    /// - Parameter indent: by how many spaces each line but the first is moved to the right; nil: all is one line.
    static func append(_ bytes: UnsafeRawBufferPointer, to shown: inout [UInt8], indent: Int?) {
        var start = 0, position = 0     // what stands between the two can be shown and is not appended yet
        func appendRun() { if start < position { shown.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<position])) } }
        while position < bytes.count {
            let byte = bytes[position]
            let length = byte &- 0x20 < 0x5F || byte == 0x09 && indent != nil ? 1 : UTF8Text.shownLength(bytes, at: position)
            if length > 0 {
                position += length
                continue
            }
            appendRun()
            if byte == 0x0A, let indent {
                shown.append(byte)
                shown.append(contentsOf: repeatElement(0x20, count: indent))
            } else {
                shown += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
            position += 1
            start = position
        }
        appendRun()
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
