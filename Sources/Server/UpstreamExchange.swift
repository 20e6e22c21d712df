import HTTP

/// One request to an upstream, and its answer.
///
/// Its life: made by `Upstream.send`; the request's body goes by `write` and `end` (with none, or one of no bytes, neither is
/// called); the delegate is told of the answer, whose body comes by `readChunk` up to `.end`. Then it has ended, as after
/// `close()` and a failure: every call does nothing, but the answer's head can be read for as long as the exchange is held.
/// For the loop's thread only.
public final class UpstreamExchange {
    enum Sending: UInt8 {
        /// Nothing more: the request is complete.
        case done
        case length, chunked
        /// After an upgrade.
        case raw
    }

    /// Who is told what happens, from now on; let go at the end.
    public var delegate: (any UpstreamDelegate)?
    /// Whether the answer's head is here.
    public private(set) var isAnswered = false
    /// What the answer's head says. Its slices are offsets into `headBytes`.
    public private(set) var head = ResponseHead()
    /// The answer's head, as it came.
    public private(set) var headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The answer's field lines, as they came.
    public private(set) var fields = UnsafeBufferPointer<Field>(start: nil, count: 0)
    /// From the answer on the connection is raw bytes both ways: the upstream switched protocols, or it answered a hijack the
    /// old way, with 200 and a body up to the end of the connection.
    public private(set) var isUpgraded = false
    /// Why it has ended before its end.
    public private(set) var failure: UpstreamFailure?

    /// Nil as soon as the exchange has ended. Until then it holds the connection, which the loop lets go when the upstream hangs up,
    /// and that may be long before all that it sent is read.
    var connection: UpstreamConnection?
    var sending = Sending.done
    /// Of a `length` request: how many bytes are still to be written.
    var unsentBody: UInt64 = 0
    /// Something of the request's body was written.
    var hasWritten = false
    /// After an upgrade: our side is to be half-closed, or is so.
    var hasEnded = false
    /// After an upgrade: the reader has come to the end of what the upstream sent.
    var hasReadEnd = false
    var waitsToRead = false
    var waitsToWrite = false
    private(set) var offersUpgrade = false
    private(set) var isHead = false
    private(set) var isPost = false
    /// Whether the request means the same when it comes twice, RFC 9110 section 9.2.2.
    private(set) var isIdempotent = false
    /// The request's head, for as long as it may have to be sent again; then the answer's, and its fields.
    private let kept = ByteBuffer(retained: 4096)

    init() {}

    /// 100 to 599; 0 before the answer. 101 only where the request asked for it.
    public var status: Int { head.status }

    /// How the answer's body comes: `.none` where there is none.
    public var framing: BodyFraming { head.framing }

    /// Whether the answer has a body; it may turn out to be empty.
    public var hasBody: Bool { head.framing != .none && head.framing != .length(0) }

    /// Whether the exchange is over.
    public var isEnded: Bool { connection == nil }

    /// The value of the answer's first field of a name, in any case.
    public func firstValue(of name: StaticString) -> UnsafeRawBufferPointer? {
        fields.firstValue(of: name, in: headBytes)?.bytes(in: headBytes)
    }

    var requestHead: UnsafeRawBufferPointer { kept.readable }

    /// Whether the request can be sent again on another connection without doing something twice.
    var isRepeatable: Bool { isIdempotent && !hasWritten }

    func start(_ request: UpstreamRequest, _ delegate: any UpstreamDelegate, defaultHost: UnsafeRawBufferPointer) {
        self.delegate = delegate
        isAnswered = false
        head = ResponseHead()
        headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        fields = UnsafeBufferPointer(start: nil, count: 0)
        isUpgraded = false
        failure = nil
        hasWritten = false
        hasEnded = false
        hasReadEnd = false
        offersUpgrade = request.upgrade != nil
        isHead = Self.isMethod("HEAD", request.method)
        isPost = Self.isMethod("POST", request.method)
        isIdempotent = isHead || Self.idempotentMethods.contains { Self.isMethod($0, request.method) }
        switch request.framing {
        case .length(let length) where length > 0:
            sending = .length
            unsentBody = length
        case .chunked: sending = .chunked
        case .none, .length, .untilClose: sending = .done
        }
        kept.reset()
        request.append(to: kept, defaultHost: defaultHost)
    }

    private static let idempotentMethods: [StaticString] = ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"]

    private static func isMethod(_ name: StaticString, _ method: UnsafeRawBufferPointer) -> Bool {
        guard method.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<method.count where method[index] != name.utf8Start[index] { return false }
        return true
    }

    /// Takes the answer's head over from the connection.
    func takeAnswer(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ fields: UnsafeBufferPointer<Field>) {
        kept.reset()
        // Fields are aligned to 4 bytes, and a buffer's memory begins at a multiple of 16.
        let start = (head.byteCount + 3) & ~3
        let fieldBytes = UnsafeRawBufferPointer(fields)
        let room = kept.writable(minimum: start + fieldBytes.count)
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<head.byteCount]))
        UnsafeMutableRawBufferPointer(rebasing: room[start...]).copyMemory(from: fieldBytes)
        kept.commit(start + fieldBytes.count)
        let base = kept.readable.baseAddress.unsafelyUnwrapped
        headBytes = UnsafeRawBufferPointer(start: base, count: head.byteCount)
        self.fields = UnsafeBufferPointer(
            start: (base + start).assumingMemoryBound(to: Field.self), count: fields.count)
        self.head = head
        isAnswered = true
    }

    func becomeRaw() {
        isUpgraded = true
        sending = .raw
    }

    /// It is over: what is called from now on does nothing.
    func detach() {
        connection = nil
        waitsToRead = false
        waitsToWrite = false
        if delegate != nil { delegate = nil }
    }

    func fail(_ failure: UpstreamFailure) {
        self.failure = failure
        let delegate = delegate
        detach()
        delegate?.upstreamDidFail(self, failure)
    }
}
