/// JSON that is written: for HAR files, and for remarks on a tape.
enum JSONText {
    /// All in one line.
    static func compact(_ node: JSONNode) -> [UInt8] {
        var text: [UInt8] = []
        append(node, to: &text)
        return text
    }

    private static func append(_ node: JSONNode, to text: inout [UInt8]) {
        switch node {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .number(let literal): text += literal
        case .string(let bytes): append(string: bytes, to: &text)
        case .array(let items):
            text.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(item, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(string: member.name, to: &text)
                text.append(UInt8(ascii: ":"))
                append(member.value, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// What is not to be shown as it is, is written as `\u` escapes; what is not UTF-8 as U+FFFD.
    static func append(string bytes: [UInt8], to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                let shown = UTF8Text.shownLength(bytes, at: position)
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    text += [UInt8(ascii: "\\"), byte]
                    position += 1
                } else if shown > 0 {
                    text.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<position + shown]))
                    position += shown
                } else if let short = shortEscapes[byte] {
                    text += [UInt8(ascii: "\\"), short]
                    position += 1
                } else {
                    position += appendEscape(bytes, position, to: &text)
                }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// - Returns: how many bytes that took.
    private static func appendEscape(_ bytes: UnsafeRawBufferPointer, _ position: Int, to text: inout [UInt8]) -> Int {
        let length = UTF8Text.sequenceLength(bytes, at: position)
        guard length > 0 else {
            text += "\u{FFFD}".utf8
            return 1
        }
        for unit in String(decoding: bytes[position..<position + length], as: UTF8.self).utf16 {
            let hex = String(unit, radix: 16)
            text += ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8
        }
        return length
    }

    private static let shortEscapes: [UInt8: UInt8] = [0x0A: UInt8(ascii: "n"), 0x0D: UInt8(ascii: "r"), 0x09: UInt8(ascii: "t")]
}
