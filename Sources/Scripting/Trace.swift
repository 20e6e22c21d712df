import HTTP
import Server

/// `--trace`: what goes by, as `curl -v` shows it: `>` from the client, `<` to it; and `>>` and `<<` before what may be any text.
extension Log {
    func traceRequest(_ exchange: Exchange) {
        let bytes = exchange.headBytes
        for field in exchange.fields { line(">   ", field.name.bytes(in: bytes), ": ", field.value.bytes(in: bytes)) }
    }

    func traceResponse(_ status: Int, _ fields: UnsafeBufferPointer<ResponseField>) {
        line("< \(status) \(StatusReason.of(status))")
        for field in fields { line("<   ", field.name, ": ", field.value) }
    }

    /// A body, or a part of one: its text, or its size where it is not text.
    func traceBytes(_ mark: StaticString, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if Log.isText(bytes) { line(mark, Log.withoutLastLineFeed(bytes)) } else { line("\(mark)(\(bytes.count) bytes)") }
    }

    private func line(_ mark: StaticString, _ first: UnsafeRawBufferPointer, _ colon: StaticString = "", _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
        line(mark.bytes, first, colon.bytes, second)
    }
}
