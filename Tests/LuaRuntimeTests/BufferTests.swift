import CDogger
import CLua
import Testing

/// A buffer on a state's counted memory.
@Suite struct BufferTests {
    @Test func growsAndKeepsItsContent() {
        let state = JSONTestState()
        let before = state.meter.pointee.bytesInUse
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(buffer.capacity == 0)
        #expect(state.meter.pointee.bytesInUse == before)

        for number in 0..<10_000 {
            #expect(withUnsafeBytes(of: UInt32(number)) { dg_buffer_append(&buffer, $0.baseAddress, 4) })
        }
        #expect(buffer.length == 40_000)
        let numbers = UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length).bindMemory(to: UInt32.self)
        #expect(numbers.elementsEqual(0..<10_000))
        #expect(state.meter.pointee.bytesInUse == before + buffer.capacity)

        dg_buffer_free(&buffer)
        #expect(buffer.bytes == nil && buffer.length == 0 && buffer.capacity == 0)
        #expect(state.meter.pointee.bytesInUse == before)
        #expect(state.close() == 0)
    }

    @Test func resetGivesLargeMemoryBack() {
        let state = JSONTestState()
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(dg_buffer_reserve(&buffer, 1000))
        buffer.length = 10
        dg_buffer_reset(&buffer, buffer.capacity)
        #expect(buffer.length == 0 && buffer.capacity >= 1000)
        dg_buffer_reset(&buffer, buffer.capacity - 1)
        #expect(buffer.capacity == 0 && buffer.bytes == nil)
        #expect(state.close() == 0)
    }

    @Test func refusedMemoryChangesNothing() {
        let state = JSONTestState()
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(dg_buffer_append(&buffer, "abc", 3))
        let capacity = buffer.capacity
        state.meter.pointee.allocations = 0
        state.meter.pointee.refusal = .from(0)
        #expect(!dg_buffer_reserve(&buffer, 100_000))
        #expect(!dg_buffer_append(&buffer, [CChar](repeating: 0, count: 2000), 2000))
        #expect(buffer.length == 3 && buffer.capacity == capacity)
        #expect(UnsafeRawBufferPointer(start: buffer.bytes, count: 3).elementsEqual("abc".utf8))
        state.meter.pointee.refusal = .none
        dg_buffer_free(&buffer)
        #expect(state.close() == 0)
    }

    /// Near the limit what is needed may still fit where twice as much doesn't.
    @Test func takesWhatIsNeededWhereTwiceAsMuchIsRefused() {
        let state = JSONTestState()
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(dg_buffer_reserve(&buffer, 10_000))
        buffer.length = 10_000
        state.meter.pointee.refusal = .large(bytes: 20_000, times: 1)
        #expect(dg_buffer_reserve(&buffer, 5000))
        #expect(buffer.capacity == 15_000)
        dg_buffer_free(&buffer)
        #expect(state.close() == 0)
    }

    @Test func sizesBeyondAllMemory() {
        let state = JSONTestState()
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(dg_buffer_append(&buffer, "abc", 3))
        for more in [Int.max, Int(bitPattern: UInt.max), Int(bitPattern: UInt.max - 2)] {
            #expect(!dg_buffer_reserve(&buffer, more))
        }
        #expect(buffer.length == 3)
        dg_buffer_free(&buffer)
        #expect(state.close() == 0)
    }
}
