import Testing

@testable import HTTP

/// Damaged requests: no crash, and the same outcome whole and in two pieces.
@Suite struct RequestParserMutationTests {
    private static let seeds: [[UInt8]] = RequestParserTests.cases.map(\.bytes).filter { $0.count <= 512 }
    private static let splices: [[UInt8]] = [
        "\r\n", "\n", "\r", " ", "\t", ":", "%00", "%", "\0", "\u{FF}", "HTTP/1.1", "Content-Length: 1\r\n", "chunked", ",",
        "Transfer-Encoding: chunked\r\n", "Host: a\r\n", "\r\n\r\n", "http://a/", "?", "#",
    ].map(bytes)

    static func mutate(_ seed: [UInt8], splices: [[UInt8]], using random: inout some RandomNumberGenerator) -> [UInt8] {
        var message = seed
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...message.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where place < message.count: message[place] = UInt8.random(in: 0...255, using: &random)
            case 1 where place < message.count: message[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2 where place < message.count:
                message.removeSubrange(place..<min(message.count, place + Int.random(in: 1...8, using: &random)))
            case 3: message.insert(contentsOf: message.prefix(Int.random(in: 0...40, using: &random)), at: place)
            default: message.insert(contentsOf: splices.randomElement(using: &random) ?? [], at: place)
            }
        }
        return message
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func damagedRequestsHaveOneOutcome(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var whole = RequestParser(limits: HeadLimits(bytes: 600, fields: 8))
        var pieces = RequestParser(limits: HeadLimits(bytes: 600, fields: 8))
        for _ in 0..<1500 {
            guard let seed = Self.seeds.randomElement(using: &random) else { return }
            let message = Self.mutate(seed, splices: Self.splices, using: &random)
            whole.reset()
            pieces.reset()
            let expected = whole.outcome(of: message)
            var counts = (0..<3).map { _ in Int.random(in: 0...message.count, using: &random) }.sorted()
            counts.append(message.count)
            var last = RequestOutcome.incomplete
            for count in counts { last = pieces.outcome(of: message[..<count]) }
            #expect(last == expected, "\(text(message).debugDescription) in pieces \(counts)")
        }
    }
}
