import TestSupport
import Testing

@testable import HTTP

/// Damaged requests: no crash, and the same outcome whole and in two pieces.
@Suite struct RequestParserMutationTests {
    private static let seeds: [[UInt8]] = RequestParserTests.cases.map(\.bytes).filter { $0.count <= 512 }
    private static let splices: [[UInt8]] = [
        "\r\n", "\n", "\r", " ", "\t", ":", "%00", "%", "\0", "\u{FF}", "HTTP/1.1", "Content-Length: 1\r\n", "chunked", ",",
        "Transfer-Encoding: chunked\r\n", "Host: a\r\n", "\r\n\r\n", "http://a/", "?", "#",
    ].map(bytes)

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func damagedRequestsHaveOneOutcome(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var whole = RequestParser(limits: HeadLimits(bytes: 600, fields: 8))
        var pieces = RequestParser(limits: HeadLimits(bytes: 600, fields: 8))
        for _ in 0..<1500 {
            guard let seed = Self.seeds.randomElement(using: &random) else { return }
            let message = mutate(seed, splices: Self.splices, using: &random)
            whole.reset()
            pieces.reset()
            let expected = whole.outcome(of: message)
            var counts = (0..<3).map { _ in Int.random(in: 0...message.count, using: &random) }.sorted()
            counts.append(message.count)
            var last = RequestOutcome.incomplete
            for count in counts { last = pieces.outcome(of: message[..<count]) }
            if last != expected { Issue.record("\(text(message).debugDescription) in pieces \(counts): \(last), \(expected)") }
        }
    }
}
