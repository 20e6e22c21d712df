import Testing

@testable import HTTP

@Suite struct RequestParserTests {
    static let cases =
        RequestTables.requestLines + RequestTables.targets + RequestTables.fieldLines + RequestTables.hosts
        + RequestTables.framing + RequestTables.connection + RequestTables.limits + RequestTables.clients

    @Test(arguments: cases)
    func whole(_ row: RequestCase) {
        var parser = RequestParser(limits: row.limits)
        #expect(parser.outcome(of: row.bytes) == row.expected)
    }

    @Test(arguments: cases)
    func cutInTwoAtEveryByte(_ row: RequestCase) {
        var parser = RequestParser(limits: row.limits)
        for cut in cuts(row.bytes.count) {
            parser.reset()
            let early = parser.outcome(of: row.bytes[..<cut])
            let outcome = parser.outcome(of: row.bytes)
            // An expectation a cut would take longer than all the parsing.
            if case .refused = early, early != row.expected { Issue.record("\(early) after \(cut) bytes") }
            if outcome != row.expected { Issue.record("\(outcome) when cut after \(cut) bytes") }
        }
    }

    @Test(arguments: cases)
    func aByteAtATime(_ row: RequestCase) {
        guard row.bytes.count <= 2048 else { return }
        var parser = RequestParser(limits: row.limits)
        var outcome = RequestOutcome.incomplete
        for count in 0...row.bytes.count where outcome == .incomplete { outcome = parser.outcome(of: row.bytes[..<count]) }
        // Ends at the head's end, before it has seen the body.
        if case .complete(var summary) = outcome, case .complete(let expected) = row.expected {
            #expect(summary.bodyBytes == 0)
            summary.bodyBytes = expected.bodyBytes
            #expect(summary == expected)
        } else {
            #expect(outcome == row.expected)
        }
    }

    /// What follows a head can't change what is read from it, and the head is never complete before its last byte.
    @Test(arguments: cases)
    func withAnotherRequestBehind(_ row: RequestCase) {
        guard case .complete(var expected) = row.expected else { return }
        let behind = bytes("GET /next HTTP/1.1\r\nHost: b\r\n\r\n")
        expected.bodyBytes += behind.count
        var parser = RequestParser(limits: row.limits)
        #expect(parser.outcome(of: row.bytes + behind) == .complete(expected))
        parser.reset()
        let head = row.bytes.count + behind.count - expected.bodyBytes
        #expect(parser.outcome(of: row.bytes[..<(head - 1)]) == .incomplete)
    }

    @Test func theTablesAreLargeAndTheirNamesUnique() {
        #expect(Self.cases.count >= 150)
        #expect(Set(Self.cases.map(\.name)).count == Self.cases.count)
    }

    @Test func pipelinedRequestsAreReadOneByOne() {
        let all = bytes("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nDELETE /2?x HTTP/1.0\r\n\r\n\r\nPUT /3 HTTP/1.1\r\nhost: c\r\n\r\n")
        var parser = RequestParser()
        var rest = all[...]
        var seen: [String] = []
        while !rest.isEmpty {
            guard case .complete(let summary) = parser.outcome(of: rest) else {
                Issue.record("not complete: \(text(rest))")
                return
            }
            seen.append("\(summary.method) \(summary.target) \(summary.fields)")
            rest = rest.suffix(summary.bodyBytes)
            parser.reset()
        }
        #expect(seen == ["GET /1 [\"Host: a\"]", "DELETE /2?x []", "PUT /3 [\"host: c\"]"])
    }

    @Test func theOutcomeStaysUntilReset() {
        var parser = RequestParser()
        #expect(parser.outcome(of: bytes("GET\n")) == .refused(.bareLineFeed))
        #expect(parser.outcome(of: bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) == .refused(.bareLineFeed))
        parser.reset()
        #expect(parser.outcome(of: bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) == .complete(RequestSummary()))
        #expect(parser.outcome(of: bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) == .complete(RequestSummary()))
    }

    @Test func nothingIsLeftOfTheRequestBefore() {
        var parser = RequestParser()
        let first = "POST /x?y HTTP/1.0\r\nHost: b\r\nConnection: close, upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n"
        guard case .complete = parser.outcome(of: bytes(first)) else {
            Issue.record("the first request is refused")
            return
        }
        parser.reset()
        #expect(parser.outcome(of: bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) == .complete(RequestSummary()))
        parser.releaseStorage()
        #expect(parser.fields.isEmpty)
        #expect(parser.outcome(of: bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) == .complete(RequestSummary()))
    }

    @Test func manyFieldsKeepTheirOrder() {
        var lines = "GET / HTTP/1.1\r\nHost: a\r\n"
        for index in 1..<256 { lines += "X-\(index): \(index)\r\n" }
        var parser = RequestParser()
        guard case .complete(let summary) = parser.outcome(of: bytes(lines + "\r\n")) else {
            Issue.record("256 fields are refused")
            return
        }
        #expect(summary.fields == ["Host: a"] + (1..<256).map { "X-\($0): \($0)" })
    }

    @Test func aFieldIsFourNumbersForC() {
        #expect(MemoryLayout<Field>.size == 16)
        #expect(MemoryLayout<Field>.stride == 16)
        #expect(MemoryLayout<Field>.alignment == 4)
        #expect(MemoryLayout<Field>.offset(of: \.value) == 8)
        #expect(MemoryLayout<Slice>.offset(of: \.length) == 4)
    }

    /// Every byte value at every kind of place: only those that the grammar has there are let through.
    @Test(arguments: UInt8.min...UInt8.max)
    func everyByteInEveryPlace(_ byte: UInt8) {
        let token = Set(bytes("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        let visible = Set(UInt8(0x21)...0x7E)
        let places: [(String, String, Set<UInt8>)] = [
            ("G", "T / HTTP/1.1\r\nHost: a\r\n\r\n", token),
            ("GET /x", "y HTTP/1.1\r\nHost: a\r\n\r\n", visible.subtracting(bytes("%#"))),
            ("GET /?", "y HTTP/1.1\r\nHost: a\r\n\r\n", visible.subtracting(bytes("%#"))),
            ("GET / HTTP/1.1\r\nHost: a\r\nX", "Y: b\r\n\r\n", token.union(bytes(":"))),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b", "c\r\n\r\n", Set([9] + Array(0x20...0x7E) + Array(0x80...0xFF))),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: long enough for a word ", " c\r\n\r\n",
                Set([9] + Array(0x20...0x7E) + Array(0x80...0xFF))
            ),
        ]
        for (before, after, allowed) in places {
            var parser = RequestParser()
            let outcome = parser.outcome(of: bytes(before) + [byte] + bytes(after))
            if case .complete = outcome {
                #expect(allowed.contains(byte), "\(before)")
            } else {
                #expect(!allowed.contains(byte), "\(before)")
            }
        }
    }
}
