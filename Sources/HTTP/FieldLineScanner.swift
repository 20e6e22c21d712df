/// Reads field lines, one a call, from bytes that come in any pieces. It goes on at the byte where it stopped, and
/// refuses at the first byte that no valid line has at its place, so the outcome never depends on the pieces.
struct FieldLineScanner {
    enum Step {
        case needMore
        /// A line is complete: see ``FieldLineScanner/field``.
        case field
        /// The empty line.
        case end
        case refused(HTTPError)
    }

    private enum State: UInt8 {
        case lineStart, name, blanks, value, lineFeed, lastLineFeed
    }

    /// The offset of the next byte to read.
    var position: Int
    private(set) var field = Field(name: Slice(offset: 0, length: 0), value: Slice(offset: 0, length: 0))
    private var state = State.lineStart
    /// Where the name or the value that is being read begins.
    private var start = 0

    init(position: Int) { self.position = position }

    /// - Parameters:
    ///   - bytes: the message's bytes, of which the first ``position`` are read already.
    ///   - end: how many bytes there are.
    @inline(__always)
    mutating func next(_ bytes: UnsafePointer<UInt8>, end: Int) -> Step {
        var position = self.position
        defer { self.position = position }

        switch state {
        case .lineStart:
            guard position < end else { return .needMore }
            let byte = bytes[position]
            guard ByteClass.isToken(byte) else {
                guard byte == .carriageReturn else { return .refused(Self.faultAtStart(byte)) }
                position &+= 1
                state = .lastLineFeed
                return lastLineFeed(bytes, &position, end)
            }
            start = position
            position &+= 1
            fallthrough

        case .name:
            while position < end, ByteClass.isToken(bytes[position]) { position &+= 1 }
            guard position < end else {
                state = .name
                return .needMore
            }
            guard bytes[position] == UInt8(ascii: ":") else { return .refused(Self.faultInName(bytes[position])) }
            field.name = Slice(start, upTo: position)
            position &+= 1
            fallthrough

        case .blanks:
            while position < end, ByteClass.isBlank(bytes[position]) { position &+= 1 }
            guard position < end else {
                state = .blanks
                return .needMore
            }
            start = position
            fallthrough

        case .value:
            position = Self.endOfValue(bytes, from: position, end: end)
            guard position < end else {
                state = .value
                return .needMore
            }
            guard bytes[position] == .carriageReturn else {
                return .refused(bytes[position] == .lineFeed ? .bareLineFeed : .controlByte)
            }
            var last = position
            while last > start, ByteClass.isBlank(bytes[last &- 1]) { last &-= 1 }
            field.value = Slice(start, upTo: last)
            position &+= 1
            fallthrough

        case .lineFeed:
            guard position < end else {
                state = .lineFeed
                return .needMore
            }
            guard bytes[position] == .lineFeed else { return .refused(.bareCarriageReturn) }
            position &+= 1
            state = .lineStart
            return .field

        case .lastLineFeed:
            return lastLineFeed(bytes, &position, end)
        }
    }

    private func lastLineFeed(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int) -> Step {
        guard position < end else { return .needMore }
        guard bytes[position] == .lineFeed else { return .refused(.bareCarriageReturn) }
        position &+= 1
        return .end
    }

    /// The offset of the first control byte but the tab, eight bytes at a time.
    @inline(__always)
    private static func endOfValue(_ bytes: UnsafePointer<UInt8>, from: Int, end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        var position = from
        while position &+ 8 <= end {
            let word = UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: position, as: UInt64.self))
            // A borrow can only mark a byte above one that is marked rightly, so the lowest mark is exact.
            let below20 = (word &- ones &* 0x20) & ~word
            let del = word ^ (ones &* 0x7F)
            let marks = (below20 | ((del &- ones) & ~del)) & high
            guard marks != 0 else {
                position &+= 8
                continue
            }
            position &+= marks.trailingZeroBitCount >> 3
            guard bytes[position] == .tab else { return position }
            position &+= 1
        }
        while position < end, !ByteClass.isControl(bytes[position]) { position &+= 1 }
        return position
    }

    private static func faultAtStart(_ byte: UInt8) -> HTTPError {
        switch byte {
        case .space, .tab: .foldedField
        case UInt8(ascii: ":"): .emptyFieldName
        default: faultInName(byte)
        }
    }

    private static func faultInName(_ byte: UInt8) -> HTTPError {
        switch byte {
        case .space, .tab: .blankBeforeColon
        case .carriageReturn: .missingColon
        case .lineFeed: .bareLineFeed
        default: ByteClass.isControl(byte) ? .controlByte : .fieldNameByte
        }
    }
}
