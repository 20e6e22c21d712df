/// Writing a head, in the order of these methods: a status line or a request line, fields, ``appendEndOfHead()``. They
/// check nothing: what comes from a script goes through ``ResponseError/check(_:)`` first.
extension ByteBuffer {
    /// `HTTP/1.1 200 OK`.
    ///
    /// - Parameter status: 100 to 999.
    public func appendStatusLine(_ status: Int) {
        guard status != 200 else {
            append("HTTP/1.1 200 OK\r\n")
            return
        }
        appendStatus(status)
        append(StatusReason.of(status))
        append("\r\n")
    }

    /// The same with a reason of one's own, such as an upstream's.
    public func appendStatusLine(_ status: Int, reason: UnsafeRawBufferPointer) {
        appendStatus(status)
        append(reason)
        append("\r\n")
    }

    private func appendStatus(_ status: Int) {
        precondition((100...999).contains(status), "a status has three digits")
        append("HTTP/1.1 ")
        append(decimal: UInt64(status))
        append(.space)
    }

    /// `GET /path HTTP/1.1`.
    public func appendRequestLine(method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer) {
        append(method)
        append(.space)
        append(target)
        append(" HTTP/1.1\r\n")
    }

    public func appendField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let separator: UInt16 = 0x203A  // ": "
        let lineEnd: UInt16 = 0x0A0D
        let count = name.count &+ value.count &+ 4
        guard var target = writable(minimum: count).baseAddress else { return }
        if let source = name.baseAddress { target.copyMemory(from: source, byteCount: name.count) }
        target += name.count
        target.storeBytes(of: separator.littleEndian, as: UInt16.self)
        target += 2
        if let source = value.baseAddress { target.copyMemory(from: source, byteCount: value.count) }
        target += value.count
        target.storeBytes(of: lineEnd.littleEndian, as: UInt16.self)
        commit(count)
    }

    public func appendField(_ field: ResponseField) { appendField(field.name, field.value) }

    public func appendField(_ name: StaticString, _ value: StaticString) {
        appendField(
            UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    public func appendContentLength(_ length: UInt64) {
        append("Content-Length: ")
        append(decimal: length)
        append("\r\n")
    }

    /// `Transfer-Encoding: chunked`.
    public func appendChunkedFraming() { append("Transfer-Encoding: chunked\r\n") }

    public func appendConnectionClose() { append("Connection: close\r\n") }

    /// What an HTTP/1.0 client needs to hear, where the connection goes on.
    public func appendConnectionKeepAlive() { append("Connection: keep-alive\r\n") }

    /// Docker's hijack: `Connection: Upgrade` and the protocol that the client asked for.
    public func appendConnectionUpgrade(to protocol: UnsafeRawBufferPointer) {
        append("Connection: Upgrade\r\nUpgrade: ")
        append(`protocol`)
        append("\r\n")
    }

    /// - Parameter seconds: since 1970 in UTC.
    public func appendDate(_ date: HTTPDate, at seconds: Int64) {
        append("Date: ")
        withExtendedLifetime(date) { append(date.bytes(at: seconds)) }
        append("\r\n")
    }

    public func appendEndOfHead() { append("\r\n") }

    /// The interim response that an `Expect: 100-continue` waits for, whole.
    public func appendContinue() { append("HTTP/1.1 100 Continue\r\n\r\n") }
}

/// Chunks of a body (RFC 9112 section 7.1).
extension ByteBuffer {
    /// The size line before a chunk's data.
    ///
    /// - Parameter count: more than 0, because a chunk of 0 bytes ends the body.
    public func appendChunkSize(_ count: Int) {
        precondition(count > 0, "a chunk of no bytes would end the body")
        append(hex: UInt64(count))
        append("\r\n")
    }

    /// What follows a chunk's data.
    public func appendChunkEnd() { append("\r\n") }

    /// A whole chunk; nothing where there are no bytes.
    public func appendChunk(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        appendChunkSize(bytes.count)
        append(bytes)
        appendChunkEnd()
    }

    /// The chunk that ends the body, without trailers.
    public func appendLastChunk() { append("0\r\n\r\n") }
}
