import CDogger
import Glibc
import HTTP
import Testing

@testable import Server

@Suite struct ByteRunsTests {
    private static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private func runs() -> ByteRuns {
        let runs = ByteRuns()
        runs.append(Self.bytes("hello"))
        runs.append(Self.bytes(""))
        runs.append(Self.bytes(", "))
        runs.append(Self.bytes("world"))
        return runs
    }

    @Test func areCounted() {
        let runs = runs()
        #expect(runs.count == 4)
        #expect(runs.byteCount == 12)
        runs.removeAll()
        #expect(runs.byteCount == 0)
    }

    @Test func areCopiedFromAnywhere() {
        let text = "hello, world"
        for offset in 0...text.utf8.count {
            let buffer = ByteBuffer()
            runs().copy(to: buffer, from: offset)
            #expect(buffer.readable.text == String(text.dropFirst(offset)))
        }
    }

    @Test func areSentWithWhatIsAroundThem() {
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends)
        #expect(runs().send(ends[0], after: Self.bytes("<"), before: ">") == 14)
        var received = [UInt8](repeating: 0, count: 100)
        let count = recv(ends[1], &received, 100, 0)
        #expect(String(decoding: received[..<count], as: UTF8.self) == "<hello, world>")
        while send(ends[0], "x", 1, Int32(MSG_NOSIGNAL)) == 1 {}
        #expect(runs().send(ends[0], after: Self.bytes(""), before: "") == 0)
        close(ends[1])
        #expect(runs().send(ends[0], after: Self.bytes(""), before: "") == -1)
        close(ends[0])
    }
}
