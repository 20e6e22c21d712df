import TestSupport
import Testing

@testable import HTTP

@Suite struct ByteBufferTests {
    @Test func aNewBufferHasNothing() {
        let buffer = ByteBuffer()
        #expect(buffer.isEmpty)
        #expect(buffer.count == 0)
        #expect(buffer.capacity == 0)
        #expect(buffer.readable.count == 0)
    }

    @Test func bytesComeOutAsTheyWentIn() {
        let buffer = ByteBuffer()
        buffer.append("hello")
        buffer.append(UInt8(ascii: ","))
        bytes(" world").withUnsafeBytes { buffer.append($0) }
        #expect(buffer.text == "hello, world")
        buffer.consume(7)
        #expect(buffer.text == "world")
        #expect(buffer.count == 5)
        buffer.append("!")
        #expect(buffer.text == "world!")
    }

    @Test func appendingNothingTakesNoMemory() {
        let buffer = ByteBuffer()
        buffer.append(UnsafeRawBufferPointer(start: nil, count: 0))
        buffer.append("")
        #expect(buffer.capacity == 0)
    }

    @Test func whatIsCommittedIsReadable() {
        let buffer = ByteBuffer()
        let room = buffer.writable(minimum: 3)
        #expect(room.count >= 3)
        room.copyBytes(from: bytes("abc"))
        #expect(buffer.isEmpty)
        buffer.commit(2)
        #expect(buffer.text == "ab")
        #expect(buffer.writable(minimum: 0).count == buffer.capacity - 2)
    }

    @Test func growingKeepsTheBytes() {
        let buffer = ByteBuffer()
        var expected: [UInt8] = []
        for index in 0..<5000 {
            buffer.append(UInt8(truncatingIfNeeded: index))
            expected.append(UInt8(truncatingIfNeeded: index))
        }
        #expect(Array(buffer.readable) == expected)
        let large = [UInt8](repeating: 7, count: 100_000)
        large.withUnsafeBytes { buffer.append($0) }
        #expect(Array(buffer.readable) == expected + large)
    }

    @Test func consumedRoomIsUsedAgain() {
        let buffer = ByteBuffer()
        buffer.append("x")
        let capacity = buffer.capacity
        for _ in 0..<10_000 {
            buffer.append("0123456789")
            buffer.consume(10)
        }
        #expect(buffer.count == 1)
        #expect(buffer.capacity == capacity)
        #expect(buffer.text == "9")
    }

    @Test func anEmptiedBufferKeepsItsMemoryUpToABound() {
        let buffer = ByteBuffer(retained: 4096)
        _ = buffer.writable(minimum: 4096)
        buffer.commit(4096)
        buffer.consume(4096)
        #expect(buffer.capacity == 4096)
        _ = buffer.writable(minimum: 4097)
        buffer.commit(1)
        #expect(buffer.capacity > 4096)
        buffer.consume(1)
        #expect(buffer.capacity == 0)
        buffer.append("again")
        #expect(buffer.text == "again")
    }

    @Test func anEmptiedBufferBeginsAtItsFront() {
        let buffer = ByteBuffer()
        buffer.append("hello")
        buffer.consume(5)
        #expect(buffer.writable(minimum: 1).count == buffer.capacity)
    }

    @Test func resetAndRelease() {
        let buffer = ByteBuffer()
        buffer.append("hello")
        buffer.reset()
        #expect(buffer.isEmpty)
        #expect(buffer.capacity > 0)
        buffer.append("hello")
        buffer.release()
        #expect(buffer.isEmpty)
        #expect(buffer.capacity == 0)
    }

    @Test(
        arguments: [(0, "0", "0"), (9, "9", "9"), (10, "10", "a"), (255, "255", "ff"), (4096, "4096", "1000")]
            as [(UInt64, String, String)])
    func numbers(_ number: UInt64, _ decimal: String, _ hex: String) {
        let buffer = ByteBuffer()
        buffer.append(decimal: number)
        buffer.append(" ")
        buffer.append(hex: number)
        #expect(buffer.text == "\(decimal) \(hex)")
    }

    @Test func theGreatestNumber() {
        let buffer = ByteBuffer()
        buffer.append(decimal: .max)
        buffer.append(hex: .max)
        #expect(buffer.text == "18446744073709551615ffffffffffffffff")
    }

    /// Against the simplest model of it.
    @Test func manyRandomSteps() {
        var random = SeededGenerator(seed: 11)
        let buffer = ByteBuffer(retained: 2048)
        var model: [UInt8] = []
        for step in 0..<5000 {
            if Bool.random(using: &random) {
                let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: Int.random(in: 0...700, using: &random))
                piece.withUnsafeBytes { buffer.append($0) }
                model += piece
            } else {
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.consume(count)
                model.removeFirst(count)
            }
            if buffer.count != model.count || !buffer.readable.elementsEqual(model) {
                Issue.record("step \(step) differs")
                return
            }
        }
    }
}
