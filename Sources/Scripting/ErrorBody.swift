import HTTP
import LuaRuntime

extension ByteBuffer {
    /// `{"message":"..."}` and a line feed: how Docker's engine tells an error, and what its clients print.
    func appendErrorBody(_ message: String) {
        append("{\"message\":\"")
        for byte in message.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case 0..<0x20:
                append("\\u00")
                append(ByteBuffer.hexDigits[Int(byte >> 4)])
                append(ByteBuffer.hexDigits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append("\"}\n")
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
}

extension Log {
    /// The sentence; and under it, where the script itself failed, the calls that led there.
    func failure(_ failure: ScriptFailure) {
        line("dogger: \(failure.message)")
        if failure.status == 500 || failure.kind != .scriptError, !failure.traceback.isEmpty { line(failure.traceback) }
    }
}
