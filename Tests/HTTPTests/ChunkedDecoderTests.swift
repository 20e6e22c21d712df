import TestSupport
import Testing

@testable import HTTP

@Suite struct ChunkedDecoderTests {
    static let cases = ChunkedTables.bodies + ChunkedTables.extensions + ChunkedTables.trailers

    @Test(arguments: cases)
    func whole(_ row: ChunkedCase) {
        #expect(decode([row.bytes]) == row.expected)
    }

    @Test(arguments: cases)
    func cutInTwoAtEveryByte(_ row: ChunkedCase) {
        for cut in cuts(row.bytes.count) {
            var outcome = decode([row.bytes[..<cut], row.bytes[cut...]])
            // Where the body ended with the first piece, the second is behind it.
            if case .ended(let data, let behind) = outcome, case .ended(_, let expected) = row.expected,
                behind.utf8.count < expected.utf8.count
            {
                outcome = .ended(data: data, behind: behind + text(row.bytes[cut...]))
            }
            if outcome != row.expected { Issue.record("\(outcome) when cut after \(cut) bytes") }
        }
    }

    @Test(arguments: cases)
    func aByteAtATime(_ row: ChunkedCase) {
        guard row.bytes.count <= 2048 else { return }
        var expected = row.expected
        if case .ended(let data, _) = expected { expected = .ended(data: data, behind: "") }
        #expect(decode(row.bytes.map { [$0] }) == expected)
    }

    @Test func theTablesAreLargeAndTheirNamesUnique() {
        #expect(Self.cases.count >= 60)
        #expect(Set(Self.cases.map(\.name)).count == Self.cases.count)
    }

    @Test func dataIsGivenInPlace() {
        var decoder = ChunkedDecoder()
        let body = bytes("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
        #expect(withCopy(of: body) { decoder.decode($0) } == .data(3..<6, consumed: 6))
        #expect(withCopy(of: body[6...]) { decoder.decode($0) } == .data(5..<7, consumed: 7))
        #expect(withCopy(of: body[13...]) { decoder.decode($0) } == .end(consumed: 7))
        #expect(withCopy(of: body) { decoder.decode($0) } == .end(consumed: 0))
    }

    @Test func aPartOfAChunkIsGivenAtOnce() {
        var decoder = ChunkedDecoder()
        #expect(withCopy(of: bytes("ff\r\nabc")) { decoder.decode($0) } == .data(4..<7, consumed: 7))
        #expect(withCopy(of: bytes("")) { decoder.decode($0) } == .needMore(consumed: 0))
        #expect(withCopy(of: bytes("d")) { decoder.decode($0) } == .data(0..<1, consumed: 1))
    }

    @Test func aTrailerStaysUnreadUntilItIsWhole() {
        var decoder = ChunkedDecoder()
        #expect(withCopy(of: bytes("0\r\nA: 1\r\nB: ")) { decoder.decode($0) } == .needMore(consumed: 9))
        #expect(withCopy(of: bytes("B: 2\r")) { decoder.decode($0) } == .needMore(consumed: 0))
        #expect(withCopy(of: bytes("B: 2\r\n\r")) { decoder.decode($0) } == .needMore(consumed: 6))
        #expect(withCopy(of: bytes("\r\nG")) { decoder.decode($0) } == .end(consumed: 2))
    }

    @Test func aRefusalStays() {
        var decoder = ChunkedDecoder()
        #expect(withCopy(of: bytes("x")) { decoder.decode($0) } == .refused(.malformedChunkSize))
        #expect(withCopy(of: bytes("0\r\n\r\n")) { decoder.decode($0) } == .refused(.malformedChunkSize))
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func damagedBodiesHaveOneOutcome(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seeds = Self.cases.map(\.bytes).filter { $0.count <= 512 }
        let splices = ["\r\n", "\n", "\r", "0\r\n", "5\r\nhello\r\n", ";a=b", "\"", " ", "\0", "Host: a\r\n", "f", "X: 1\r\n"]
            .map(bytes)
        for _ in 0..<1500 {
            guard let seed = seeds.randomElement(using: &random) else { return }
            let body = mutate(seed, splices: splices, using: &random)
            let places = [0, body.count] + (0..<3).map { _ in Int.random(in: 0...body.count, using: &random) }
            let sorted = places.sorted()
            let pieces = zip(sorted, sorted.dropFirst()).map { body[$0..<$1] }
            var whole = decode([body])
            var cut = decode(pieces)
            if case .ended(let data, _) = whole { whole = .ended(data: data, behind: "") }
            if case .ended(let data, _) = cut { cut = .ended(data: data, behind: "") }
            if whole != cut { Issue.record("\(text(body).debugDescription) in pieces at \(sorted): \(whole), \(cut)") }
        }
    }
}
