/// Reads request heads (RFC 9112 sections 2 to 7), strictly: what two parsers could read in two ways is refused.
///
/// Its life: ``parse(_:)`` with what has come in, again with more of it while the outcome is `.incomplete`, then ``head``
/// and ``fields``, then ``reset()`` for the next request on the connection. The parser goes on at the byte where it
/// stopped, and refuses at the first byte that no acceptable request has at its place, so the outcome is the same
/// whatever pieces the bytes come in, and nobody waits for the end of a line that is wrong already.
///
/// Not for use from two threads at once.
public struct RequestParser: ~Copyable {
    private enum Stage: UInt8 {
        case emptyLines, method, target, version, fields, complete, refused
    }

    /// A client may have sent an empty line after its last body (RFC 9112 section 2.2); no client sends many.
    private static let mostEmptyLines = 2

    private let limits: HeadLimits
    private var stage = Stage.emptyLines
    private var fault = HTTPError.malformedMethod
    private var emptyLines = 0
    private var lines = FieldLineScanner(position: 0)
    private var storage = FieldStorage()
    private var target = TargetScanner()
    private var semantics = FieldSemantics()
    /// The offset of the next byte of the request line to read.
    private var position = 0
    /// Where the part of the request line that is being read begins.
    private var start = 0
    /// What the head says; its values mean something only after `.complete`.
    public private(set) var head = RequestHead()

    public init(limits: HeadLimits = HeadLimits()) { self.limits = limits }

    /// The field lines in the order they came; after `.complete`, and until the next ``reset()``.
    public var fields: UnsafeBufferPointer<Field> { storage.fields }

    /// The value of the first field of that name; after `.complete`.
    ///
    /// - Parameters:
    ///   - name: in any case.
    ///   - bytes: what ``parse(_:)`` was given.
    public func firstValue(of name: StaticString, in bytes: UnsafeRawBufferPointer) -> Slice? {
        fields.firstValue(of: name, in: bytes)
    }

    /// Forgets the request, for the next one on the connection. The fields' memory is kept.
    public mutating func reset() {
        stage = .emptyLines
        emptyLines = 0
        position = 0
        storage.removeAll()
        semantics = FieldSemantics()
        head = RequestHead()
    }

    /// ``reset()``, and gives the fields' memory back: for a connection that goes idle.
    public mutating func releaseStorage() {
        reset()
        storage.release()
    }

    /// Reads on.
    ///
    /// - Parameter bytes: all that has come of this message, from its first byte, and maybe more than its head. They may have
    ///   moved since the last call, but not changed. Beyond the limit they are not looked at.
    /// - Returns: `.complete` when the head is whole; from then on, and after `.refused`, the same until ``reset()``.
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
        case .emptyLines:
            while position < end, bytes[position] == .carriageReturn {
                guard emptyLines < Self.mostEmptyLines else { return .refused(.tooManyEmptyLines) }
                guard position &+ 1 < end else { return .incomplete }
                guard bytes[position &+ 1] == .lineFeed else { return .refused(.bareCarriageReturn) }
                position &+= 2
                emptyLines += 1
            }
            guard position < end else { return .incomplete }
            guard ByteClass.isToken(bytes[position]) else { return .refused(Self.faultAtFirst(bytes[position])) }
            start = position
            stage = .method
            fallthrough

        case .method:
            while position < end, ByteClass.isToken(bytes[position]) { position &+= 1 }
            guard position < end else { return .incomplete }
            guard bytes[position] == .space else { return .refused(Self.faultInMethod(bytes[position])) }
            head.method = Slice(start, upTo: position)
            guard !isMethod("CONNECT", bytes) else { return .refused(.connectMethod) }
            position &+= 1
            target = TargetScanner(start: position)
            stage = .target
            fallthrough

        case .target:
            if let outcome = target.scan(bytes, end: end, isOptions: isMethod("OPTIONS", bytes), into: &head) {
                return outcome
            }
            position = target.position
            start = position
            stage = .version
            fallthrough

        case .version:
            if let outcome = scanVersion(bytes, end: end) { return outcome }
            guard !target.isAsterisk || isMethod("OPTIONS", bytes) else { return .refused(.asteriskTarget) }
            lines = FieldLineScanner(position: position)
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
                    if let error = semantics.note(lines.field, bytes, minorVersion: head.minorVersion) { return .refused(error) }
                case .end:
                    return finish(bytes)
                }
            }

        case .complete: return .complete
        case .refused: return .refused(fault)
        }
    }

    /// `HTTP/1.1` CR LF, byte by byte only where it is something else or in pieces.
    @inline(__always)
    private mutating func scanVersion(_ bytes: UnsafePointer<UInt8>, end: Int) -> ParseOutcome? {
        if position == start, start &+ 10 <= end {
            let line = UnsafeRawPointer(bytes) + start
            if UInt64(littleEndian: line.loadUnaligned(as: UInt64.self)) == 0x312E_312F_5054_5448,
                UInt16(littleEndian: line.loadUnaligned(fromByteOffset: 8, as: UInt16.self)) == 0x0A0D
            {
                head.minorVersion = 1
                position &+= 10
                return nil
            }
        }
        return scanOtherVersion(bytes, end: end)
    }

    private mutating func scanOtherVersion(_ bytes: UnsafePointer<UInt8>, end: Int) -> ParseOutcome? {
        let pattern: StaticString = "HTTP/d.d\r\n"
        while position - start < pattern.utf8CodeUnitCount {
            guard position < end else { return .incomplete }
            let byte = bytes[position]
            let expected = pattern.utf8Start[position - start]
            let isRight = expected == UInt8(ascii: "d") ? byte &- UInt8(ascii: "0") < 10 : byte == expected
            guard isRight else { return .refused(Self.faultInVersion(byte, index: position - start)) }
            if expected == .carriageReturn {
                let minor = bytes[start + 7] - UInt8(ascii: "0")
                guard bytes[start + 5] == UInt8(ascii: "1"), minor <= 1 else { return .refused(.unsupportedVersion) }
                head.minorVersion = minor
            }
            position += 1
        }
        return nil
    }

    @inline(__always)
    private mutating func finish(_ bytes: UnsafePointer<UInt8>) -> ParseOutcome {
        guard let host = semantics.host else {
            // HTTP/1.0 knows no Host.
            guard head.minorVersion == 0 else { return .refused(.missingHost) }
            return complete()
        }
        head.host = host
        if let authority = head.authority,
            !HostSyntax.isSame(
                bytes + Int(host.offset), Int(host.length), bytes + Int(authority.offset), Int(authority.length))
        {
            return .refused(.hostMismatch)
        }
        return complete()
    }

    @inline(__always)
    private mutating func complete() -> ParseOutcome {
        let isCurrent = head.minorVersion == 1
        head.byteCount = lines.position
        head.framing = semantics.framing ?? .none
        head.keepAlive = !semantics.connection.contains(.close) && (isCurrent || semantics.connection.contains(.keepAlive))
        if isCurrent {
            head.expectsContinue = semantics.expectsContinue && head.framing != .none && head.framing != .length(0)
            if semantics.connection.contains(.upgrade) { head.upgrade = semantics.upgrade }
        }
        return .complete
    }

    /// Methods are case-sensitive.
    private func isMethod(_ name: StaticString, _ bytes: UnsafePointer<UInt8>) -> Bool {
        let count = Int(head.method.length)
        guard count == name.utf8CodeUnitCount else { return false }
        for index in 0..<count where bytes[Int(head.method.offset) + index] != name.utf8Start[index] { return false }
        return true
    }

    private static func faultAtFirst(_ byte: UInt8) -> HTTPError {
        switch byte {
        case 0x16: .tlsHandshake
        case .lineFeed: .bareLineFeed
        case .space, .tab: .requestLineSpacing
        default: ByteClass.isControl(byte) ? .controlByte : .malformedMethod
        }
    }

    private static func faultInMethod(_ byte: UInt8) -> HTTPError {
        switch byte {
        case .lineFeed: .bareLineFeed
        case .tab: .requestLineSpacing
        case .carriageReturn: .malformedMethod
        default: ByteClass.isControl(byte) ? .controlByte : .malformedMethod
        }
    }

    private static func faultInVersion(_ byte: UInt8, index: Int) -> HTTPError {
        guard index < 9 else { return .bareCarriageReturn }
        switch byte {
        case .space, .tab: return .requestLineSpacing
        case .lineFeed: return .bareLineFeed
        case .carriageReturn: return index == 0 ? .missingVersion : .malformedVersion
        default: return ByteClass.isControl(byte) ? .controlByte : .malformedVersion
        }
    }
}
