/// Takes a chunked body apart (RFC 9112 section 7.1), strictly, in place, from bytes that come in any pieces. Chunk
/// extensions and trailer fields are checked and dropped.
public struct ChunkedDecoder: Sendable {
    /// What ``decode(_:)`` found. `consumed` counts the bytes of its argument that are done with; those after it must be at
    /// the front of the next call's bytes.
    public enum Step: Equatable, Sendable {
        /// A run of body bytes, as offsets into the bytes given; call again for what follows it.
        case data(Range<Int>, consumed: Int)
        /// Call again when there are more bytes than now.
        case needMore(consumed: Int)
        /// The body is over; what follows is the next message.
        case end(consumed: Int)
        case refused(HTTPError)
    }

    private enum State: UInt8 {
        case size, sizeLineFeed
        case extensionName, extensionNameRest, extensionValue, extensionToken
        case extensionQuoted, extensionEscaped, extensionAfterQuote
        case data, dataCarriageReturn, dataLineFeed
        case trailers, done, refused
    }

    /// The most bytes of chunk extensions in one chunk, and in a whole body: they carry nothing here, so a peer that sends
    /// many wastes our time.
    static let extensionLimits = (chunk: 256, body: 16_384)
    /// The most bytes of trailer fields, with the empty line.
    static let trailerLimit = 16_384
    private static let mostDigits: UInt8 = 16

    private var state = State.size
    private var fault = HTTPError.malformedChunkSize
    private var digits: UInt8 = 0
    /// The size so far, and then how much of the chunk is still to come.
    private var remaining: UInt64 = 0
    private var chunkExtension = 0
    private var bodyExtensions = 0
    private var trailerBytes = 0
    private var trailer = FieldLineScanner(position: 0)

    public init() {}

    /// Reads on, up to the next run of body bytes.
    ///
    /// - Parameter bytes: what is unread of the connection. A trailer field that is not whole stays unread.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard state != .refused else { return .refused(fault) }
        guard state != .done else { return .end(consumed: 0) }
        guard let start = bytes.baseAddress, bytes.count > 0 else { return .needMore(consumed: 0) }
        let step = advance(start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        if case .refused(let error) = step {
            state = .refused
            fault = error
        }
        return step
    }

    private mutating func advance(_ bytes: UnsafePointer<UInt8>, count: Int) -> Step {
        var position = 0
        while position < count {
            switch state {
            case .data:
                let length = min(remaining, UInt64(count - position))
                remaining -= length
                if remaining == 0 { state = .dataCarriageReturn }
                let data = position..<position + Int(length)
                return .data(data, consumed: data.upperBound)
            case .trailers:
                return readTrailers(bytes, from: position, count: count)
            default:
                if let error = take(bytes[position]) { return .refused(error) }
                position += 1
            }
        }
        return .needMore(consumed: position)
    }

    /// Takes one byte of what is around the data.
    private mutating func take(_ byte: UInt8) -> HTTPError? {
        switch state {
        case .size: return takeSize(byte)
        case .sizeLineFeed:
            guard byte == .lineFeed else { return .bareCarriageReturn }
            state = remaining == 0 ? .trailers : .data
        case .dataCarriageReturn:
            guard byte == .carriageReturn else { return .unterminatedChunk }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == .lineFeed else { return .unterminatedChunk }
            state = .size
            digits = 0
            chunkExtension = 0
        case .data, .trailers, .done, .refused:
            preconditionFailure("these states read no single bytes")
        default:
            return takeExtension(byte)
        }
        return nil
    }

    private mutating func takeSize(_ byte: UInt8) -> HTTPError? {
        if ByteClass.isHex(byte) {
            guard digits < Self.mostDigits else { return .chunkTooLarge }
            digits += 1
            remaining = remaining << 4 | UInt64(ByteClass.hexValue(byte))
            return remaining > UInt64(Int64.max) ? .chunkTooLarge : nil
        }
        guard digits > 0 else { return byte == .lineFeed ? .bareLineFeed : .malformedChunkSize }
        switch byte {
        case .carriageReturn: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .extensionName
        case .lineFeed: return .bareLineFeed
        default: return .malformedChunkSize
        }
        return nil
    }

    private mutating func takeExtension(_ byte: UInt8) -> HTTPError? {
        chunkExtension += 1
        bodyExtensions += 1
        guard chunkExtension <= Self.extensionLimits.chunk, bodyExtensions <= Self.extensionLimits.body else {
            return .chunkExtensionsTooLong
        }
        let isToken = ByteClass.isToken(byte)
        switch state {
        case .extensionName where isToken: state = .extensionNameRest
        case .extensionNameRest where isToken: break
        case .extensionNameRest where byte == UInt8(ascii: "="): state = .extensionValue
        case .extensionValue where isToken: state = .extensionToken
        case .extensionValue where byte == UInt8(ascii: "\""): state = .extensionQuoted
        case .extensionToken where isToken: break
        case .extensionQuoted where byte == UInt8(ascii: "\""): state = .extensionAfterQuote
        case .extensionQuoted where byte == UInt8(ascii: "\\"): state = .extensionEscaped
        case .extensionQuoted where Self.isVisibleOrSpace(byte): break
        case .extensionEscaped where Self.isVisibleOrSpace(byte): state = .extensionQuoted
        case .extensionNameRest, .extensionToken, .extensionAfterQuote:
            switch byte {
            case .carriageReturn: state = .sizeLineFeed
            case UInt8(ascii: ";"): state = .extensionName
            default: return .malformedChunkExtension
            }
        default: return .malformedChunkExtension
        }
        return nil
    }

    private static func isVisibleOrSpace(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

    private mutating func readTrailers(_ bytes: UnsafePointer<UInt8>, from: Int, count: Int) -> Step {
        var position = from
        while true {
            let end = min(count - position, Self.trailerLimit - trailerBytes)
            let line = bytes + position
            switch trailer.next(line, end: end) {
            case .needMore:
                return trailerBytes + end == Self.trailerLimit ? .refused(.trailersTooLarge) : .needMore(consumed: position)
            case .refused(let error):
                return .refused(error)
            case .field:
                let name = trailer.field.name
                guard !KnownField(line + Int(name.offset), count: Int(name.length)).isForbiddenInTrailers else {
                    return .refused(.forbiddenTrailer)
                }
                position += trailer.position
                trailerBytes += trailer.position
                trailer = FieldLineScanner(position: 0)
            case .end:
                state = .done
                return .end(consumed: position + trailer.position)
            }
        }
    }
}
