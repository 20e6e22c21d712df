/// What the fields that frame a message say together, gathered while they come in.
struct FieldSemantics {
    /// What Connection lists (RFC 9110 section 7.6.1).
    struct Connection: OptionSet {
        let rawValue: UInt8
        static let close = Connection(rawValue: 1)
        static let keepAlive = Connection(rawValue: 2)
        static let upgrade = Connection(rawValue: 4)
    }

    private(set) var host: Slice?
    /// What Content-Length or Transfer-Encoding says; nil where there is neither.
    private(set) var framing: BodyFraming?
    private(set) var connection = Connection()
    private(set) var upgrade: Slice?
    private(set) var expectsContinue = false

    /// Takes a field of a request in.
    ///
    /// - Returns: why the message is to be refused.
    @inline(__always)
    mutating func note(_ field: Field, _ bytes: UnsafePointer<UInt8>, minorVersion: UInt8) -> HTTPError? {
        let known = KnownField(bytes + Int(field.name.offset), count: Int(field.name.length))
        return known == .other ? nil : note(known, field.value, bytes, minorVersion: minorVersion)
    }

    private mutating func note(
        _ known: KnownField, _ value: Slice, _ bytes: UnsafePointer<UInt8>, minorVersion: UInt8
    ) -> HTTPError? {
        switch known {
        case .host: return noteHost(value, bytes)
        case .expect: return minorVersion == 1 ? noteExpect(value, bytes) : nil
        default: return noteFraming(known, value, bytes, minorVersion: minorVersion)
        }
    }

    /// The fields that requests and responses have in common.
    mutating func noteFraming(
        _ known: KnownField, _ value: Slice, _ bytes: UnsafePointer<UInt8>, minorVersion: UInt8
    ) -> HTTPError? {
        switch known {
        case .contentLength: noteContentLength(value, bytes)
        case .transferEncoding: noteTransferEncoding(value, bytes, minorVersion: minorVersion)
        case .connection: noteConnection(value, bytes)
        case .upgrade: noteUpgrade(value, bytes)
        case .date, .expect, .host, .keepAlive, .other, .proxyConnection, .te, .trailer: nil
        }
    }

    private mutating func noteHost(_ value: Slice, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        guard host == nil else { return .repeatedHost }
        // Empty is what a client sends that has no host to name, only a socket file (RFC 9110 section 7.2).
        guard value.length == 0 || HostSyntax.isValid(bytes + Int(value.offset), count: Int(value.length)) else {
            return .malformedHost
        }
        host = value
        return nil
    }

    private mutating func noteExpect(_ value: Slice, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        guard ByteClass.equals(bytes + Int(value.offset), count: Int(value.length), "100-continue") else {
            return .unsupportedExpectation
        }
        expectsContinue = true
        return nil
    }

    private mutating func noteContentLength(_ value: Slice, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        switch framing {
        case .chunked: return .transferEncodingWithContentLength
        case .length: return .repeatedContentLength
        default: break
        }
        switch BodyFraming.contentLength(bytes + Int(value.offset), count: Int(value.length)) {
        case .success(let length): framing = .length(length)
        case .failure(let error): return error
        }
        return nil
    }

    private mutating func noteTransferEncoding(
        _ value: Slice, _ bytes: UnsafePointer<UInt8>, minorVersion: UInt8
    ) -> HTTPError? {
        guard minorVersion == 1 else { return .transferEncodingInOldVersion }
        switch framing {
        case .chunked: return .repeatedTransferEncoding
        case .length: return .transferEncodingWithContentLength
        default: break
        }
        let start = bytes + Int(value.offset)
        let count = Int(value.length)
        guard ByteClass.equals(start, count: count, "chunked") else {
            return ByteClass.isToken(start, count: count) ? .unknownTransferCoding : .malformedTransferEncoding
        }
        framing = .chunked
        return nil
    }

    private mutating func noteConnection(_ value: Slice, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        var elements = ListElements(value, in: bytes)
        while let element = elements.next() {
            let start = bytes + Int(element.offset)
            let count = Int(element.length)
            guard ByteClass.isToken(start, count: count) else { return .malformedConnection }
            switch KnownField(start, count: count) {
            case .upgrade: connection.insert(.upgrade)
            case .keepAlive: connection.insert(.keepAlive)
            // A hop that drops what Connection names would change where the message goes or ends.
            case .contentLength, .host, .transferEncoding: return .connectionNamesFraming
            default:
                if ByteClass.equals(start, count: count, "close") { connection.insert(.close) }
            }
        }
        return nil
    }

    private mutating func noteUpgrade(_ value: Slice, _ bytes: UnsafePointer<UInt8>) -> HTTPError? {
        guard upgrade == nil else { return .repeatedUpgrade }
        var elements = ListElements(value, in: bytes)
        var isEmpty = true
        while let element = elements.next() {
            isEmpty = false
            guard Self.isProtocol(bytes + Int(element.offset), count: Int(element.length)) else { return .malformedUpgrade }
        }
        guard !isEmpty else { return .malformedUpgrade }
        upgrade = value
        return nil
    }

    /// A token, or two with a slash between.
    private static func isProtocol(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        for index in 0..<count where start[index] == UInt8(ascii: "/") {
            return ByteClass.isToken(start, count: index)
                && ByteClass.isToken(start + index + 1, count: count - index - 1)
        }
        return ByteClass.isToken(start, count: count)
    }
}
