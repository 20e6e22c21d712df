import Testing

@testable import HTTP

struct ResponseSummary: Equatable, Sendable {
    var status = 200
    var reason = "OK"
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.untilClose
    var keepAlive = false
    var upgrade: String?
    /// How many bytes follow the head.
    var bodyBytes = 0
    var fields: [String] = []
}

enum ResponseOutcome: Equatable, Sendable {
    case incomplete
    case complete(ResponseSummary)
    case refused(HTTPError)
}

struct ResponseCase: Sendable, CustomTestStringConvertible {
    let name: String
    let request: ResponseParser.Request
    let bytes: [UInt8]
    let expected: ResponseOutcome
    var limits = HeadLimits()

    var testDescription: String { name }

    /// A row for a response that is good, to a GET where nothing else is said. What it doesn't say is as in
    /// ``ResponseSummary``'s defaults, and is checked too.
    static func good(
        _ name: String, to request: ResponseParser.Request = .init(), _ text: String, _ change: (inout ResponseSummary) -> Void
    ) -> ResponseCase {
        var summary = ResponseSummary()
        change(&summary)
        return ResponseCase(name: name, request: request, bytes: HTTPTests.bytes(text), expected: .complete(summary))
    }

    static func bad(
        _ name: String, to request: ResponseParser.Request = .init(), _ text: String, _ error: HTTPError
    ) -> ResponseCase {
        ResponseCase(name: name, request: request, bytes: HTTPTests.bytes(text), expected: .refused(error))
    }

    static func unfinished(_ name: String, _ text: String) -> ResponseCase {
        ResponseCase(name: name, request: .init(), bytes: HTTPTests.bytes(text), expected: .incomplete)
    }
}

extension ResponseParser {
    mutating func outcome(of bytes: some Collection<UInt8>) -> ResponseOutcome {
        switch withCopy(of: bytes, { parse($0) }) {
        case .incomplete: return .incomplete
        case .refused(let error): return .refused(error)
        case .complete: return .complete(summary(of: Array(bytes)))
        }
    }

    private func summary(of bytes: [UInt8]) -> ResponseSummary {
        ResponseSummary(
            status: head.status,
            reason: head.reason.text(in: bytes),
            minorVersion: head.minorVersion,
            framing: head.framing,
            keepAlive: head.keepAlive,
            upgrade: head.upgrade?.text(in: bytes),
            bodyBytes: bytes.count - head.byteCount,
            fields: fields.map { "\($0.name.text(in: bytes)): \($0.value.text(in: bytes))" })
    }
}
