// Fuzzes the HTTP parsers: heads of requests and responses, and chunked bodies. Whatever pieces the bytes come in, the outcome is
// one; and what is accepted has no byte that another parser could read in another way. Compiled together with Sources/HTTP.
//
// The first byte says what is parsed, the second where it is cut; the rest is the message.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: bytes, count: count)
    guard input.count > 2 else { return -1 }
    let message = UnsafeRawBufferPointer(rebasing: input[2...])
    let cut = Int(input[1]) % (message.count + 1)
    switch input[0] % 4 {
    case 0, 1: fuzzRequest(message, cut)
    case 2: fuzzChunks(message, cut)
    default: fuzzResponse(message, cut, isHead: input[0] & 0x80 != 0, offersUpgrade: input[0] & 0x40 != 0)
    }
    return 0
}

/// The bytes in memory of just their size, so that a read past their end is seen.
private func withExactly(_ bytes: UnsafeRawBufferPointer, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes[..<count])
    body(UnsafeRawBufferPointer(copy))
}

private func expect(_ condition: Bool, _ what: StaticString) {
    if !condition { fatalError("\(what)") }
}

private func fuzzRequest(_ message: UnsafeRawBufferPointer, _ cut: Int) {
    let limits = HeadLimits(bytes: 2048, fields: 16)
    var whole = RequestParser(limits: limits), pieces = RequestParser(limits: limits)
    var outcome = ParseOutcome.incomplete, last = ParseOutcome.incomplete
    withExactly(message, message.count) { outcome = whole.parse($0) }
    withExactly(message, cut) { last = pieces.parse($0) }
    for end in stride(from: cut, to: message.count, by: max(1, message.count / 16)) {
        withExactly(message, end) { last = pieces.parse($0) }
    }
    withExactly(message, message.count) { last = pieces.parse($0) }
    expect(last == outcome, "the outcome depends on the pieces")
    guard outcome == .complete else { return }
    expect(whole.head == pieces.head, "the head depends on the pieces")
    expect(whole.fields.elementsEqual(pieces.fields), "the fields depend on the pieces")
    let head = whole.head
    check(head.method, in: message, head.byteCount) { $0.isToken }
    check(head.target, in: message, head.byteCount) { $0 > 0x20 && $0 < 0x7F }
    check(head.path, in: message, head.byteCount) { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") }
    check(whole.fields, in: message, head.byteCount)
}

private func fuzzResponse(_ message: UnsafeRawBufferPointer, _ cut: Int, isHead: Bool, offersUpgrade: Bool) {
    let limits = HeadLimits(bytes: 2048, fields: 16)
    let request = ResponseParser.Request(isHead: isHead, offersUpgrade: offersUpgrade)
    var whole = ResponseParser(limits: limits), pieces = ResponseParser(limits: limits)
    whole.reset(answering: request)
    pieces.reset(answering: request)
    var outcome = ParseOutcome.incomplete, last = ParseOutcome.incomplete
    withExactly(message, message.count) { outcome = whole.parse($0) }
    withExactly(message, cut) { last = pieces.parse($0) }
    for end in stride(from: cut, to: message.count, by: max(1, message.count / 16)) {
        withExactly(message, end) { last = pieces.parse($0) }
    }
    withExactly(message, message.count) { last = pieces.parse($0) }
    expect(last == outcome, "the outcome depends on the pieces")
    guard outcome == .complete else { return }
    expect(whole.head == pieces.head, "the head depends on the pieces")
    expect((100...999).contains(whole.head.status), "a status of three digits")
    check(whole.fields, in: message, whole.head.byteCount)
}

private func check(_ fields: UnsafeBufferPointer<Field>, in message: UnsafeRawBufferPointer, _ byteCount: Int) {
    for field in fields {
        expect(field.name.length > 0, "a name that is empty")
        check(field.name, in: message, byteCount) { $0.isToken }
        check(field.value, in: message, byteCount) { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

private func check(_ slice: Slice, in message: UnsafeRawBufferPointer, _ byteCount: Int, _ isAllowed: (UInt8) -> Bool) {
    expect(slice.range.upperBound <= byteCount, "a slice beyond the head")
    expect(slice.bytes(in: message).allSatisfy(isAllowed), "a byte that has no place there")
}

extension UInt8 {
    fileprivate var isToken: Bool {
        self > 0x20 && self < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(self)
    }
}

private struct Body: Equatable {
    var data: [UInt8] = []
    var isOver = false
    var fault: HTTPError?
    /// Where the next message begins; meaningful once it is over.
    var end = 0
}

/// Feeds the message up to each of the ends, and keeps what is left unread at the front, as a connection does.
private func decode(_ message: UnsafeRawBufferPointer, _ ends: [Int]) -> Body {
    var decoder = ChunkedDecoder()
    var body = Body()
    var start = 0
    for end in ends {
        var isFed = false
        while !isFed, !body.isOver, body.fault == nil {
            let unread = UnsafeRawBufferPointer(rebasing: message[start..<end])
            withExactly(unread, unread.count) { bytes in
                switch decoder.decode(bytes) {
                case .data(let range, let consumed):
                    expect(range.upperBound <= consumed && consumed <= bytes.count && !range.isEmpty, "data outside of what is consumed")
                    body.data += bytes[range]
                    start += consumed
                case .needMore(let consumed):
                    expect(consumed <= bytes.count, "more is consumed than there is")
                    start += consumed
                    isFed = true
                case .end(let consumed):
                    start += consumed
                    body.isOver = true
                case .refused(let fault):
                    body.fault = fault
                }
            }
        }
    }
    if body.isOver { body.end = start }
    return body
}

private func fuzzChunks(_ message: UnsafeRawBufferPointer, _ cut: Int) {
    let whole = decode(message, [message.count])
    let pieces = decode(message, [cut, message.count])
    let bytes = decode(message, Array(1...max(1, message.count)))
    // Where it is refused, what came before may have been given or not.
    if whole.fault != nil {
        expect(pieces.fault == whole.fault && bytes.fault == whole.fault, "the fault depends on the pieces")
    } else {
        expect(pieces == whole && bytes == whole, "the body depends on the pieces")
    }
}
