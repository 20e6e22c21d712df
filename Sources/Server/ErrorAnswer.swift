import HTTP

/// The server's own answers, to what never reaches a handler: `{"message": ...}`, which is what Docker's clients print.
enum ErrorAnswer {
    /// Appends a whole response, which says that the connection ends.
    static func append(to output: ByteBuffer, status: Int, message: String, date: HTTPDate, seconds: Int64) {
        let body = body(message)
        output.appendStatusLine(status)
        output.appendDate(date, at: seconds)
        output.appendField("Content-Type", "application/json")
        output.appendContentLength(UInt64(body.count))
        output.appendConnectionClose()
        output.appendEndOfHead()
        withExtendedLifetime(body) { output.append(body.readable) }
    }

    static func body(_ message: String) -> ByteBuffer {
        let body = ByteBuffer()
        body.append("{\"message\":\"")
        for byte in message.utf8 { appendEscaped(byte, to: body) }
        body.append("\"}\n")
        return body
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

extension Exchange {
    /// Answers `{"message": ...}`, which is what Docker's clients print.
    /// - Returns: why nothing was sent; nil if it was.
    @discardableResult
    public func respond(status: Int, message: String) -> ResponseFault? {
        let body = ErrorAnswer.body(message)
        var field = ResponseField(
            name: ErrorAnswer.bytes("Content-Type"), value: ErrorAnswer.bytes("application/json"))
        return withUnsafePointer(to: &field) { field in
            withExtendedLifetime(body) {
                respond(status: status, fields: UnsafeBufferPointer(start: field, count: 1), body: body.readable)
            }
        }
    }
}

extension ErrorAnswer {
    fileprivate static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
