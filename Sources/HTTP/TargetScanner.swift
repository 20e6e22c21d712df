/// Reads a request target up to the space after it (RFC 9112 section 3.2).
struct TargetScanner {
    private enum Form: UInt8 { case unknown, origin, asterisk, absolute }

    /// The offset of the next byte to read.
    private(set) var position: Int
    private let start: Int
    private var form = Form.unknown
    private var queryMark: Int?

    init(start: Int = 0) {
        self.start = start
        position = start
    }

    /// Which is right for OPTIONS only.
    var isAsterisk: Bool { form == .asterisk }

    /// - Returns: nil when the target and the space after it are read and `head` has them.
    @inline(__always)
    mutating func scan(
        _ bytes: UnsafePointer<UInt8>, end: Int, isOptions: Bool, into head: inout RequestHead
    ) -> ParseOutcome? {
        if form == .unknown {
            guard position < end else { return .incomplete }
            switch bytes[position] {
            case UInt8(ascii: "/"): form = .origin
            case UInt8(ascii: "*"): form = .asterisk
            // The letter that begins http:// in either case.
            case UInt8(ascii: "h"), UInt8(ascii: "H"): form = .absolute
            default: return .refused(Self.faultAtFirst(bytes[position]))
            }
            position &+= 1
        }
        while true {
            while position < end, ByteClass.isPlainInTarget(bytes[position]) { position &+= 1 }
            guard position < end else { return .incomplete }
            switch bytes[position] {
            case .space:
                if let error = finish(bytes, isOptions: isOptions, into: &head) { return .refused(error) }
                position &+= 1
                return nil
            case UInt8(ascii: "?"):
                if queryMark == nil { queryMark = position }
                position &+= 1
            case UInt8(ascii: "%"):
                if position &+ 1 < end, !ByteClass.isHex(bytes[position &+ 1]) { return .refused(.targetEscape) }
                guard position &+ 2 < end else { return .incomplete }
                guard ByteClass.isHex(bytes[position &+ 2]) else { return .refused(.targetEscape) }
                let isNull = bytes[position &+ 1] == UInt8(ascii: "0") && bytes[position &+ 2] == UInt8(ascii: "0")
                guard !isNull || queryMark != nil else { return .refused(.targetNull) }
                position &+= 3
            default:
                return .refused(Self.fault(bytes[position]))
            }
        }
    }

    @inline(__always)
    private func finish(_ bytes: UnsafePointer<UInt8>, isOptions: Bool, into head: inout RequestHead) -> HTTPError? {
        head.target = Slice(start, upTo: position)
        let pathEnd = queryMark ?? position
        if let queryMark { head.query = Slice(queryMark &+ 1, upTo: position) }
        switch form {
        case .origin:
            head.path = Slice(start, upTo: pathEnd)
            return nil
        case .asterisk:
            head.path = head.target
            return position == start + 1 ? nil : .unsupportedTargetForm
        case .absolute, .unknown:
            return finishAbsolute(bytes, pathEnd: pathEnd, into: &head)
        }
    }

    private func finishAbsolute(_ bytes: UnsafePointer<UInt8>, pathEnd: Int, into head: inout RequestHead) -> HTTPError? {
        let scheme: StaticString = "http://"
        let host = start + scheme.utf8CodeUnitCount
        guard pathEnd >= host, ByteClass.equals(bytes + start, count: host - start, scheme) else {
            return .unsupportedTargetForm
        }
        var hostEnd = host
        while hostEnd < pathEnd, bytes[hostEnd] != UInt8(ascii: "/") { hostEnd += 1 }
        guard HostSyntax.isValid(bytes + host, count: hostEnd - host) else { return .malformedAuthority }
        head.authority = Slice(host, upTo: hostEnd)
        head.path = Slice(hostEnd, upTo: pathEnd)
        return nil
    }

    private static func faultAtFirst(_ byte: UInt8) -> HTTPError {
        ByteClass.isPlainInTarget(byte) || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "%")
            ? .unsupportedTargetForm : byte == .space ? .requestLineSpacing : fault(byte)
    }

    private static func fault(_ byte: UInt8) -> HTTPError {
        switch byte {
        case UInt8(ascii: "#"): .targetFragment
        case .tab: .requestLineSpacing
        case .carriageReturn: .missingVersion
        case .lineFeed: .bareLineFeed
        default: ByteClass.isControl(byte) ? .controlByte : .targetByte
        }
    }
}
