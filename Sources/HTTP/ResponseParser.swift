/// Reads an upstream's response heads (RFC 9112 sections 4 to 7), as strictly as ``RequestParser`` reads requests and in the
/// same way: it goes on where it stopped, and its outcome is the same whatever pieces the bytes come in.
///
/// Its life: ``reset(answering:)`` for each request sent; ``parse(_:)`` until `.complete`; where the head is interim,
/// ``resetAfterInterim()`` and ``parse(_:)`` again with the bytes behind it.
///
/// Not for use from two threads at once.
public struct ResponseParser: ~Copyable {
    /// What of a request decides how its response is read.
    public struct Request: Equatable, Sendable {
        /// The response has no body, whatever its fields say.
        public var isHead: Bool
        /// Upgrade was sent, so that a 101 may come.
        public var offersUpgrade: Bool

        public init(isHead: Bool = false, offersUpgrade: Bool = false) {
            self.isHead = isHead
            self.offersUpgrade = offersUpgrade
        }
    }

    private enum Stage: UInt8 {
        case version, afterStatus, reason, lineFeed, fields, complete, refused
    }

    /// An upstream could send interim responses forever.
    static let mostInterims = 32

    private let limits: HeadLimits
    private var request = Request()
    private var stage = Stage.version
    private var fault = HTTPError.malformedStatusLine
    private var interims = 0
    private var position = 0
    private var start = 0
    private var lines = FieldLineScanner(position: 0)
    private var storage = FieldStorage()
    private var semantics = FieldSemantics()
    /// What the head says; its values mean something only after `.complete`.
    public private(set) var head = ResponseHead()

    public init(limits: HeadLimits = HeadLimits()) { self.limits = limits }

    /// The field lines in the order they came; after `.complete`, and until the next reset.
    public var fields: UnsafeBufferPointer<Field> { storage.fields }

    /// The value of the first field of that name, in any case; after `.complete`.
    ///
    /// - Parameter bytes: what ``parse(_:)`` was given.
    public func firstValue(of name: StaticString, in bytes: UnsafeRawBufferPointer) -> Slice? {
        fields.firstValue(of: name, in: bytes)
    }

    /// Forgets the response, for the one to the next request. The fields' memory is kept.
    public mutating func reset(answering request: Request) {
        self.request = request
        interims = 0
        clear()
    }

    /// Forgets an interim response, for the next one to the same request.
    public mutating func resetAfterInterim() {
        interims += 1
        clear()
    }

    /// Gives the fields' memory back: for a connection that goes idle.
    public mutating func releaseStorage() {
        clear()
        storage.release()
    }

    private mutating func clear() {
        stage = .version
        position = 0
        start = 0
        storage.removeAll()
        semantics = FieldSemantics()
        head = ResponseHead()
    }

    /// Reads on; see ``RequestParser/parse(_:)``.
    public mutating func parse(_ bytes: UnsafeRawBufferPointer) -> ParseOutcome {
        guard stage != .complete else { return .complete }
        guard stage != .refused else { return .refused(fault) }
        guard let start = bytes.baseAddress else { return .incomplete }
        let end = min(bytes.count, limits.bytes)
        var outcome = advance(start.assumingMemoryBound(to: UInt8.self), end: end)
        if outcome == .incomplete, end == limits.bytes { outcome = .refused(.headTooLarge) }
        switch outcome {
        case .incomplete: break
        case .complete: stage = .complete
        case .refused(let error):
            stage = .refused
            fault = error
        }
        return outcome
    }

    @inline(__always)
    private mutating func advance(_ bytes: UnsafePointer<UInt8>, end: Int) -> ParseOutcome {
        switch stage {
        case .version:
            if let outcome = scanVersionAndStatus(bytes, end: end) { return outcome }
            stage = .afterStatus
            fallthrough

        case .afterStatus:
            guard position < end else { return .incomplete }
            start = position
            // The space is there even before an empty reason, but those who leave it out mean nothing else.
            if bytes[position] == .space {
                position &+= 1
                start = position
            } else if bytes[position] != .carriageReturn {
                return .refused(bytes[position] == .lineFeed ? .bareLineFeed : .malformedStatusLine)
            }
            stage = .reason
            fallthrough

        case .reason:
            while position < end, !ByteClass.isControl(bytes[position]) { position &+= 1 }
            guard position < end else { return .incomplete }
            guard bytes[position] == .carriageReturn else {
                return .refused(bytes[position] == .lineFeed ? .bareLineFeed : .controlByte)
            }
            head.reason = Slice(start, upTo: position)
            position &+= 1
            stage = .lineFeed
            fallthrough

        case .lineFeed:
            guard position < end else { return .incomplete }
            guard bytes[position] == .lineFeed else { return .refused(.bareCarriageReturn) }
            lines = FieldLineScanner(position: position &+ 1)
            stage = .fields
            fallthrough

        case .fields:
            while true {
                switch lines.next(bytes, end: end) {
                case .needMore: return .incomplete
                case .refused(let error): return .refused(error)
                case .field:
                    guard storage.count < limits.fields else { return .refused(.tooManyFields) }
                    storage.append(lines.field)
                    if let error = note(lines.field, bytes) { return .refused(error) }
                case .end: return finish()
                }
            }

        case .complete: return .complete
        case .refused: return .refused(fault)
        }
    }

    private mutating func scanVersionAndStatus(_ bytes: UnsafePointer<UInt8>, end: Int) -> ParseOutcome? {
        let pattern: StaticString = "HTTP/d.d ddd"
        while position < pattern.utf8CodeUnitCount {
            guard position < end else { return .incomplete }
            let byte = bytes[position]
            let expected = pattern.utf8Start[position]
            let isRight = expected == UInt8(ascii: "d") ? byte &- UInt8(ascii: "0") < 10 : byte == expected
            guard isRight else { return .refused(byte == .lineFeed ? .bareLineFeed : .malformedStatusLine) }
            if expected == .space {
                let minor = bytes[7] - UInt8(ascii: "0")
                guard bytes[5] == UInt8(ascii: "1"), minor <= 1 else { return .refused(.unsupportedVersion) }
                head.minorVersion = minor
            } else if position >= 9 {
                head.status = head.status * 10 + Int(byte - UInt8(ascii: "0"))
            }
            position += 1
        }
        return (100...599).contains(head.status) ? nil : .refused(.malformedStatus)
    }

    @inline(__always)
    private mutating func note(_ field: Field, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        let known = KnownField(bytes + Int(field.name.offset), count: Int(field.name.length))
        guard known != .other else { return nil }
        return semantics.noteFraming(known, field.value, bytes, minorVersion: head.minorVersion)
    }

    /// RFC 9112 section 6.3.
    private mutating func finish() -> ParseOutcome {
        head.byteCount = lines.position
        head.keepAlive =
            !semantics.connection.contains(.close)
            && (head.minorVersion == 1 || semantics.connection.contains(.keepAlive))

        if head.status < 200 || head.status == 204 {
            // A length of 0 says nothing else than the status does.
            guard semantics.framing == nil || semantics.framing == .length(0) else { return .refused(.unexpectedFraming) }
            if head.status == 101 {
                guard request.offersUpgrade, head.minorVersion == 1 else { return .refused(.unexpectedUpgrade) }
                head.upgrade = semantics.upgrade
                head.keepAlive = false
            } else if head.isInterim {
                guard interims < Self.mostInterims else { return .refused(.tooManyInterims) }
            }
            return .complete
        }
        // What such a response says of framing is what another response would have (RFC 9110 section 8.6).
        if request.isHead || head.status == 304 { return .complete }
        head.framing = semantics.framing ?? .untilClose
        if head.framing == .untilClose { head.keepAlive = false }
        return .complete
    }
}
