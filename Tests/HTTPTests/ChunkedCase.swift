import Testing

@testable import HTTP

enum ChunkedOutcome: Equatable, Sendable {
    /// All bytes are read and right so far; `data` is the body up to here.
    case unfinished(data: String)
    /// `behind` is what follows the body.
    case ended(data: String, behind: String)
    case refused(HTTPError)
}

struct ChunkedCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let expected: ChunkedOutcome

    init(_ name: String, _ text: String, _ expected: ChunkedOutcome) {
        self.name = name
        bytes = HTTPTests.bytes(text)
        self.expected = expected
    }

    var testDescription: String { name }
}

/// Decodes a body that comes in pieces, the way a connection does: what is not consumed stays at the front.
func decode(_ pieces: [some Collection<UInt8>]) -> ChunkedOutcome {
    var decoder = ChunkedDecoder()
    var unread: [UInt8] = []
    var data: [UInt8] = []
    for piece in pieces {
        unread += piece
        reading: while true {
            switch withCopy(of: unread, { decoder.decode($0) }) {
            case .data(let range, let consumed):
                data += unread[range]
                unread.removeFirst(consumed)
            case .needMore(let consumed):
                unread.removeFirst(consumed)
                break reading
            case .end(let consumed):
                unread.removeFirst(consumed)
                // The rest of the pieces is behind the body, too.
                return .ended(data: text(data), behind: text(unread))
            case .refused(let error):
                return .refused(error)
            }
        }
    }
    return .unfinished(data: text(data))
}
