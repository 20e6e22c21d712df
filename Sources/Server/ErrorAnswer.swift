import HTTP

/// The server's own answers, to what never reaches a handler: `{"message": ...}`, which is what Docker's clients print.
enum ErrorAnswer {
    /// Appends a whole response, which says that the connection ends.
    static func append(to output: ByteBuffer, status: Int, message: String, date: HTTPDate, seconds: Int64) {
        let body = ByteBuffer()
        body.append("{\"message\":\"")
        for byte in message.utf8 { appendEscaped(byte, to: body) }
        body.append("\"}\n")
        output.appendStatusLine(status)
        output.appendDate(date, at: seconds)
        output.appendField("Content-Type", "application/json")
        output.appendContentLength(UInt64(body.count))
        output.appendConnectionClose()
        output.appendEndOfHead()
        withExtendedLifetime(body) { output.append(body.readable) }
    }

    /// One byte of a JSON string, RFC 8259 section 7.
    private static func appendEscaped(_ byte: UInt8, to output: ByteBuffer) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0..<0x20:
            output.append("\\u00")
            output.append(byte < 16 ? "0" : "1")
            output.append(hex: UInt64(byte & 15))
        default:
            output.append(byte)
        }
    }
}
