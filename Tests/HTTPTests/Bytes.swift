@testable import HTTP

/// One byte a character: `\u{80}` to `\u{FF}` are the bytes 0x80 to 0xFF.
func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

/// The other way round, so that a failure shows what was read.
func text(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
}

extension Slice {
    func text(in bytes: [UInt8]) -> String { HTTPTests.text(bytes[range]) }
}

extension ByteBuffer {
    var text: String { withExtendedLifetime(self) { HTTPTests.text(readable) } }
}

/// Calls `body` with bytes that lie in memory of just their size, at an address of their own.
func withCopy<R>(of bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return body(UnsafeRawBufferPointer(copy))
}

/// The places to cut `count` bytes in two: all of them, or of a long message those near its ends and some between.
func cuts(_ count: Int) -> [Int] {
    count <= 2048 ? Array(0...count) : Array(0...64) + stride(from: 65, to: count - 64, by: 1499) + Array(count - 64...count)
}
