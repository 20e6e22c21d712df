/// Why a message was refused. After any of these the connection can't be read further, because where the next message
/// begins is unknown or in doubt: answer ``status`` with ``message`` and close.
public enum HTTPError: Error, Equatable, CaseIterable, Sendable {
    // The request line.
    case tlsHandshake
    case tooManyEmptyLines
    case malformedMethod
    case connectMethod
    case requestLineSpacing
    case missingVersion
    case malformedVersion
    case unsupportedVersion
    case unsupportedTargetForm
    case asteriskTarget
    case malformedAuthority
    case targetByte
    case targetFragment
    case targetEscape
    case targetNull

    // Lines.
    case bareLineFeed
    case bareCarriageReturn
    case controlByte
    case headTooLarge
    case tooManyFields

    // Field lines.
    case emptyFieldName
    case blankBeforeColon
    case fieldNameByte
    case missingColon
    case foldedField

    // What the fields say.
    case missingHost
    case repeatedHost
    case malformedHost
    case hostMismatch
    case repeatedContentLength
    case malformedContentLength
    case contentLengthTooLarge
    case repeatedTransferEncoding
    case malformedTransferEncoding
    case unknownTransferCoding
    case transferEncodingWithContentLength
    case transferEncodingInOldVersion
    case malformedConnection
    case connectionNamesFraming
    case repeatedUpgrade
    case malformedUpgrade
    case unsupportedExpectation

    // Chunks.
    case malformedChunkSize
    case chunkTooLarge
    case malformedChunkExtension
    case chunkExtensionsTooLong
    case unterminatedChunk
    case forbiddenTrailer
    case trailersTooLarge

    // Responses from an upstream.
    case malformedStatusLine
    case malformedStatus
    case unexpectedFraming
    case unexpectedUpgrade
    case tooManyInterims
}

extension HTTPError {
    /// The status to answer a client with. For a fault in an upstream's response it is 502 whatever this says.
    public var status: Int {
        switch self {
        case .unsupportedExpectation: 417
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .connectMethod, .unknownTransferCoding: 501
        case .malformedStatusLine, .malformedStatus, .unexpectedFraming, .unexpectedUpgrade, .tooManyInterims: 502
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// A sentence for whoever wrote the peer: what is wrong, and where.
    public var message: String {
        switch self {
        case .tlsHandshake:
            "These bytes begin a TLS handshake, but this socket speaks plain HTTP: connect without TLS."
        case .tooManyEmptyLines:
            "More than two empty lines come before the request line."
        case .malformedMethod:
            "The request line must begin with a method made of letters, digits and the other token characters, then a space."
        case .connectMethod:
            "CONNECT is refused: this server is not a tunnel."
        case .requestLineSpacing:
            "In the request line exactly one space stands between method, target and version, and none elsewhere."
        case .missingVersion:
            "The request line has no HTTP version: HTTP/0.9 is refused, end the line with HTTP/1.1."
        case .malformedVersion:
            "The HTTP version must be written exactly HTTP/1.1 or HTTP/1.0, and end its line."
        case .unsupportedVersion:
            "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .unsupportedTargetForm:
            "The request target must be a path that begins with a slash, or a whole http:// address."
        case .asteriskTarget:
            "The request target * is for OPTIONS only."
        case .malformedAuthority:
            "The host in the request target is not a host name or address with an optional port."
        case .targetByte:
            "The request target holds a byte that is not visible ASCII: percent-encode it."
        case .targetFragment:
            "The request target holds a fragment: # must be percent-encoded as %23."
        case .targetEscape:
            "The request target holds a % that two hex digits don't follow: a percent sign itself is %25."
        case .targetNull:
            "The path holds %00, a NUL byte."

        case .bareLineFeed:
            "A line ends in LF alone: every line must end in CR LF."
        case .bareCarriageReturn:
            "A CR is not followed by LF: every line must end in CR LF."
        case .controlByte:
            "The head holds a NUL or another control byte."
        case .headTooLarge:
            "The head, from the first line to the empty line, is too long."
        case .tooManyFields:
            "The head has too many field lines."

        case .emptyFieldName:
            "A field line has no name before its colon."
        case .blankBeforeColon:
            "A field name must be followed by its colon at once, with no blank between."
        case .fieldNameByte:
            "A field name holds a byte that is not allowed in a token."
        case .missingColon:
            "A field line ends before its colon: it must be a name, a colon and a value."
        case .foldedField:
            "A field line begins with a blank: folding a value over lines is refused."

        case .missingHost:
            "The request has no Host field, which HTTP/1.1 needs."
        case .repeatedHost:
            "The request has more than one Host field."
        case .malformedHost:
            "The Host field is not a host name or address with an optional port."
        case .hostMismatch:
            "The Host field names another host than the request target does."
        case .repeatedContentLength:
            "There is more than one Content-Length field."
        case .malformedContentLength:
            "Content-Length must be one decimal number, digits only."
        case .contentLengthTooLarge:
            "Content-Length is larger than 9223372036854775807."
        case .repeatedTransferEncoding:
            "There is more than one Transfer-Encoding field."
        case .malformedTransferEncoding:
            "Transfer-Encoding must be chunked, once, and nothing else."
        case .unknownTransferCoding:
            "The only transfer coding known here is chunked."
        case .transferEncodingWithContentLength:
            "Transfer-Encoding and Content-Length come together, so the body's end is in doubt."
        case .transferEncodingInOldVersion:
            "Transfer-Encoding comes in an HTTP/1.0 message, which does not have it."
        case .malformedConnection:
            "The Connection field must be a list of names with commas between them."
        case .connectionNamesFraming:
            "The Connection field names Host, Content-Length or Transfer-Encoding, which no peer on the way may drop."
        case .repeatedUpgrade:
            "There is more than one Upgrade field."
        case .malformedUpgrade:
            "The Upgrade field must be a list of protocol names with commas between them."
        case .unsupportedExpectation:
            "The only expectation that can be met is 100-continue."

        case .malformedChunkSize:
            "A chunk's size must be hex digits only, and end its line or be followed by a semicolon."
        case .chunkTooLarge:
            "A chunk's size has more than 16 digits or is larger than 7fffffffffffffff."
        case .malformedChunkExtension:
            "A chunk extension must be ;name or ;name=value in visible ASCII, with no blanks around."
        case .chunkExtensionsTooLong:
            "The chunk extensions are too long."
        case .unterminatedChunk:
            "A chunk's data is not followed by CR LF: the size before it is wrong."
        case .forbiddenTrailer:
            "A trailer field has a name that is not allowed after the body, such as Content-Length or Host."
        case .trailersTooLarge:
            "The trailer fields after the last chunk are too long."

        case .malformedStatusLine:
            "The status line must be HTTP/1.1 or HTTP/1.0, a space, three digits, a space and a reason."
        case .malformedStatus:
            "The status is not a number from 100 to 599."
        case .unexpectedFraming:
            "A response whose status allows no body says with Content-Length or Transfer-Encoding that it has one."
        case .unexpectedUpgrade:
            "The response switches protocols, but the request did not ask for it."
        case .tooManyInterims:
            "Too many interim responses came before the real one."
        }
    }
}
