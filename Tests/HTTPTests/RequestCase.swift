import Testing

@testable import HTTP

/// What a request says, in values that can be compared and printed.
struct RequestSummary: Equatable, Sendable {
    var method = "GET"
    var target = "/"
    var path = "/"
    var query: String?
    var authority: String?
    var host: String? = "a"
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.none
    var keepAlive = true
    var expectsContinue = false
    var upgrade: String?
    /// How many bytes follow the head.
    var bodyBytes = 0
    var fields = ["Host: a"]
}

enum RequestOutcome: Equatable, Sendable {
    case incomplete
    case complete(RequestSummary)
    case refused(HTTPError)
}

/// A row of the tables: bytes, and what must come of them.
struct RequestCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let expected: RequestOutcome
    var limits = HeadLimits()

    var testDescription: String { name }
}

/// A row for a request that is good. What it doesn't say is as in ``RequestSummary``'s defaults, and is checked too.
func good(_ name: String, _ text: String, _ change: (inout RequestSummary) -> Void = { _ in }) -> RequestCase {
    var summary = RequestSummary()
    change(&summary)
    return RequestCase(name: name, bytes: bytes(text), expected: .complete(summary))
}

func bad(_ name: String, _ text: String, _ error: HTTPError) -> RequestCase {
    RequestCase(name: name, bytes: bytes(text), expected: .refused(error))
}

/// A row for a request that is right as far as it goes.
func unfinished(_ name: String, _ text: String) -> RequestCase {
    RequestCase(name: name, bytes: bytes(text), expected: .incomplete)
}

extension RequestParser {
    mutating func outcome(of bytes: some Collection<UInt8>) -> RequestOutcome {
        let outcome = withCopy(of: bytes) { parse($0) }
        switch outcome {
        case .incomplete: return .incomplete
        case .refused(let error): return .refused(error)
        case .complete: return .complete(summary(of: Array(bytes)))
        }
    }

    private func summary(of bytes: [UInt8]) -> RequestSummary {
        RequestSummary(
            method: head.method.text(in: bytes),
            target: head.target.text(in: bytes),
            path: head.path.text(in: bytes),
            query: head.query?.text(in: bytes),
            authority: head.authority?.text(in: bytes),
            host: head.host?.text(in: bytes),
            minorVersion: head.minorVersion,
            framing: head.framing,
            keepAlive: head.keepAlive,
            expectsContinue: head.expectsContinue,
            upgrade: head.upgrade?.text(in: bytes),
            bodyBytes: bytes.count - head.byteCount,
            fields: fields.map { "\($0.name.text(in: bytes)): \($0.value.text(in: bytes))" })
    }
}
