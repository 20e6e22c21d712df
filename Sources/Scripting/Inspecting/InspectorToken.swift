/// What the address of the inspector's page holds that nobody can guess: 128 bits of the kernel's, as 32 hexadecimal digits.
public struct InspectorToken: Sendable {
    public let text: String

    /// - Parameter text: for tests; else `make()`.
    init(_ text: String) { self.text = text }

    /// A new one. Swift's own generator takes getrandom(2).
    public static func make() -> InspectorToken {
        var generator = SystemRandomNumberGenerator()
        let halves = (0..<2).map { _ in String(generator.next() as UInt64, radix: 16) }
        return InspectorToken(halves.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined())
    }

    /// Whether these bytes are the token. How long that takes tells nothing of where they differ.
    func matches(_ bytes: some Collection<UInt8>) -> Bool {
        let expected = text.utf8
        guard bytes.count == expected.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(bytes, expected) { difference |= one ^ other }
        return difference == 0
    }
}
