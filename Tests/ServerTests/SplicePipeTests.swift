import CDogger
import Glibc
import HTTP
import Testing

@testable import Server

@Suite struct SplicePipeTests {
    /// Two ends of a connection, neither of which blocks.
    private final class Pair {
        var ends: [Int32] = [-1, -1]
        init() { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) }
        deinit { for end in ends { close(end) } }

        func send(_ text: String) { _ = text.utf8CString.withUnsafeBytes { Glibc.send(ends[0], $0.baseAddress, $0.count - 1, 0) } }

        func receive() -> String {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = recv(ends[1], &bytes, bytes.count, 0)
            return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        }
    }

    private func moved(_ filling: SplicePipe.Filling) -> Int {
        if case .bytes(let count) = filling { return count }
        return -1
    }

    @Test func bytesGoFromSocketToSocket() throws {
        let pool = SplicePipePool()
        let pipe = try #require(pool.take())
        let source = Pair()
        let sink = Pair()
        source.send("hello, world")
        #expect(moved(pipe.fill(from: source.ends[1], most: 5)) == 5)
        #expect(pipe.count == 5)
        #expect(pipe.drain(to: sink.ends[0]))
        #expect(pipe.count == 0)
        #expect(sink.receive() == "hello")
        #expect(source.receive() == ", world")
    }

    @Test func waitingAndTheEndAreTold() throws {
        let pipe = try #require(SplicePipePool().take())
        let source = Pair()
        guard case .wait = pipe.fill(from: source.ends[1], most: 100) else {
            Issue.record("there was something")
            return
        }
        shutdown(source.ends[0], Int32(SHUT_WR))
        guard case .end = pipe.fill(from: source.ends[1], most: 100) else {
            Issue.record("there was no end")
            return
        }
    }

    @Test func whatWasCollectedGoesFirst() throws {
        let pipe = try #require(SplicePipePool().take())
        let source = Pair()
        let sink = Pair()
        let buffer = ByteBuffer()
        buffer.append("first ")
        #expect(pipe.fill(from: buffer))
        #expect(buffer.isEmpty)
        source.send("second")
        #expect(moved(pipe.fill(from: source.ends[1], most: 100)) == 6)
        #expect(pipe.drain(to: sink.ends[0]))
        #expect(sink.receive() == "first second")
    }

    @Test func aFullSocketLeavesTheRestInThePipe() throws {
        let pipe = try #require(SplicePipePool().take())
        let source = Pair()
        let sink = Pair()
        while send(sink.ends[0], "x", 1, Int32(MSG_NOSIGNAL)) == 1 {}
        source.send("rest")
        #expect(moved(pipe.fill(from: source.ends[1], most: 100)) == 4)
        #expect(pipe.drain(to: sink.ends[0]))
        #expect(pipe.count == 4)
        _ = sink.receive()
        #expect(pipe.drain(to: sink.ends[0]))
        #expect(pipe.count == 0)
        #expect(sink.receive() == "rest")
    }

    @Test func aBrokenSocketIsTold() throws {
        let pipe = try #require(SplicePipePool().take())
        let source = Pair()
        let sink = Pair()
        shutdown(sink.ends[1], Int32(SHUT_RDWR))
        source.send("x")
        _ = pipe.fill(from: source.ends[1], most: 100)
        #expect(!pipe.drain(to: sink.ends[0]))
    }

    @Test func anEmptyPipeIsUsedAgainAndAFullOneIsNot() throws {
        let pool = SplicePipePool()
        let first = try #require(pool.take())
        first.release()
        #expect(pool.take() === first)
        let source = Pair()
        source.send("x")
        _ = first.fill(from: source.ends[1], most: 1)
        first.release()
        #expect(pool.take() !== first)
    }
}
