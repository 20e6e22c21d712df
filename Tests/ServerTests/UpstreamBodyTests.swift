import HTTP
import Testing

@testable import Server

@Suite struct UpstreamBodyTests {
    /// Takes pieces one after the other, and tells what came of them.
    private func take(_ framing: BodyFraming, _ pieces: [String], isBroken: Bool = false) -> String {
        var body = UpstreamBody()
        body.start(framing)
        var result = ""
        var rest: [UInt8] = []
        for index in 0...pieces.count {
            let isAtEnd = index == pieces.count
            if !isAtEnd { rest += Array(pieces[index].utf8) }
            loop: while true {
                let step = rest.withUnsafeBytes { bytes in body.next(bytes, isAtEnd: isAtEnd, isBroken: isBroken) }
                switch step {
                case .bytes(let range, let consumed):
                    result += String(decoding: rest[range], as: UTF8.self)
                    rest.removeFirst(consumed)
                case .end(let consumed):
                    rest.removeFirst(consumed)
                    return result + "|" + String(decoding: rest, as: UTF8.self)
                case .wait(let consumed):
                    rest.removeFirst(consumed)
                    break loop
                case .truncated: return result + "!"
                case .malformed: return result + "?"
                }
            }
        }
        return result + "..."
    }

    @Test func noBodyEndsAtOnce() {
        #expect(take(.none, []) == "|")
        #expect(take(.length(0), []) == "|")
    }

    @Test func aLengthEndsItself() {
        #expect(take(.length(5), ["hel", "lo"]) == "hello|")
        #expect(take(.length(5), ["hello, more"]) == "hello|, more")
        #expect(take(.length(5), ["hell"]) == "hell!")
    }

    @Test func chunksAreTakenApart() {
        #expect(take(.chunked, ["5\r\nhello\r\n0\r\n\r\n"]) == "hello|")
        #expect(take(.chunked, "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\nnext".map { String($0) }) == "hello!|")
        #expect(take(.chunked, ["5\r\nhello\r\n"]) == "hello!")
        #expect(take(.chunked, ["5\r\nhelloo"]) == "hello?")
    }

    @Test func theEndOfTheConnectionIsTheEnd() {
        #expect(take(.untilClose, ["hel", "lo"]) == "hello|")
        #expect(take(.untilClose, ["hel", "lo"], isBroken: true) == "hello!")
        #expect(take(.untilClose, []) == "|")
    }

    @Test func plainBytesAreCounted() {
        var body = UpstreamBody()
        body.start(.length(10))
        #expect(body.plainCount == 10)
        body.tookPlain(4)
        #expect(body.plainCount == 6)
        #expect(!body.isDone)
        body.tookPlain(6)
        #expect(body.isDone)
        body.start(.untilClose)
        body.tookPlain(1 << 40)
        #expect(body.plainCount == .max)
        body.start(.chunked)
        #expect(body.plainCount == 0)
    }
}
