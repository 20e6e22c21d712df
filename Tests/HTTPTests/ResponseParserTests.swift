import TestSupport
import Testing

@testable import HTTP

@Suite struct ResponseParserTests {
    static let cases =
        ResponseTables.statusLines + ResponseTables.fields + ResponseTables.framing + ResponseTables.interimAndUpgrade

    @Test(arguments: cases)
    func whole(_ row: ResponseCase) {
        var parser = ResponseParser(limits: row.limits)
        parser.reset(answering: row.request)
        #expect(parser.outcome(of: row.bytes) == row.expected)
    }

    @Test(arguments: cases)
    func cutInTwoAtEveryByte(_ row: ResponseCase) {
        var parser = ResponseParser(limits: row.limits)
        for cut in cuts(row.bytes.count) {
            parser.reset(answering: row.request)
            let early = parser.outcome(of: row.bytes[..<cut])
            let outcome = parser.outcome(of: row.bytes)
            if case .refused = early, early != row.expected { Issue.record("\(early) after \(cut) bytes") }
            if outcome != row.expected { Issue.record("\(outcome) when cut after \(cut) bytes") }
        }
    }

    @Test(arguments: cases)
    func aByteAtATime(_ row: ResponseCase) {
        guard row.bytes.count <= 2048 else { return }
        var parser = ResponseParser(limits: row.limits)
        parser.reset(answering: row.request)
        var outcome = ResponseOutcome.incomplete
        for count in 0...row.bytes.count where outcome == .incomplete { outcome = parser.outcome(of: row.bytes[..<count]) }
        if case .complete(var summary) = outcome, case .complete(let expected) = row.expected {
            #expect(summary.bodyBytes == 0)
            summary.bodyBytes = expected.bodyBytes
            outcome = .complete(summary)
        }
        #expect(outcome == row.expected)
    }

    @Test func theTablesAreLargeAndTheirNamesUnique() {
        #expect(Self.cases.count >= 60)
        #expect(Set(Self.cases.map(\.name)).count == Self.cases.count)
    }

    @Test func interimResponsesComeBeforeTheRealOne() {
        var rest = bytes(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )[...]
        var parser = ResponseParser()
        parser.reset(answering: .init())
        var seen: [Int] = []
        while case .complete(let summary) = parser.outcome(of: rest) {
            seen.append(summary.status)
            rest = rest.suffix(summary.bodyBytes)
            guard parser.head.isInterim else { break }
            parser.resetAfterInterim()
        }
        #expect(seen == [100, 103, 200])
        #expect(parser.head.framing == .length(2))
        #expect(text(rest) == "ok")
        #expect(!parser.head.isSwitch)
    }

    @Test func interimResponsesWithoutEndAreRefused() {
        var parser = ResponseParser()
        parser.reset(answering: .init())
        let interim = bytes("HTTP/1.1 102 Processing\r\n\r\n")
        for _ in 0..<ResponseParser.mostInterims {
            guard case .complete = parser.outcome(of: interim) else {
                Issue.record("an interim response is refused too early")
                return
            }
            parser.resetAfterInterim()
        }
        #expect(parser.outcome(of: interim) == .refused(.tooManyInterims))
        parser.reset(answering: .init())
        #expect(parser.outcome(of: interim) != .refused(.tooManyInterims))
    }

    @Test func theRequestStaysKnownAcrossInterimResponses() {
        var parser = ResponseParser()
        parser.reset(answering: .init(isHead: true))
        _ = parser.outcome(of: bytes("HTTP/1.1 100 Continue\r\n\r\n"))
        parser.resetAfterInterim()
        _ = parser.outcome(of: bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
        #expect(parser.head.framing == .none)
        parser.reset(answering: .init())
        _ = parser.outcome(of: bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
        #expect(parser.head.framing == .length(9))
    }

    @Test func aSwitchIsNotInterim() {
        var parser = ResponseParser()
        parser.reset(answering: .init(offersUpgrade: true))
        _ = parser.outcome(of: bytes("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"))
        #expect(parser.head.isSwitch)
        #expect(!parser.head.isInterim)
        #expect(!parser.head.keepAlive)
    }

    @Test func fieldsAreFoundByName() {
        let head = bytes("HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\n\r\n")
        var parser = ResponseParser()
        _ = parser.outcome(of: head)
        head.withUnsafeBytes { raw in
            #expect(parser.firstValue(of: "api-version", in: raw)?.text(in: head) == "1.50")
            #expect(parser.firstValue(of: "server", in: raw) == nil)
        }
        parser.releaseStorage()
        #expect(parser.fields.isEmpty)
    }

    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func damagedResponsesHaveOneOutcome(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seeds = Self.cases.map(\.bytes).filter { $0.count <= 512 }
        let splices = [
            "\r\n", "\n", "\r", " ", "\t", ":", "\0", "HTTP/1.1 ", "200", "Content-Length: 1\r\n",
            "Transfer-Encoding: chunked\r\n",
        ].map(bytes)
        var whole = ResponseParser(limits: HeadLimits(bytes: 200, fields: 4))
        var pieces = ResponseParser(limits: HeadLimits(bytes: 200, fields: 4))
        for _ in 0..<1500 {
            guard let seed = seeds.randomElement(using: &random) else { return }
            let message = mutate(seed, splices: splices, using: &random)
            let request = ResponseParser.Request(isHead: Bool.random(using: &random), offersUpgrade: Bool.random(using: &random))
            whole.reset(answering: request)
            pieces.reset(answering: request)
            let expected = whole.outcome(of: message)
            let counts = (0..<3).map { _ in Int.random(in: 0...message.count, using: &random) }.sorted() + [message.count]
            var last = ResponseOutcome.incomplete
            for count in counts { last = pieces.outcome(of: message[..<count]) }
            if last != expected { Issue.record("\(text(message).debugDescription) in pieces \(counts): \(last), \(expected)") }
        }
    }
}
