import Glibc

/// What the tests are built with; scripts/test tells it in DOGGER_SANITIZER.
public enum Sanitizer: Sendable {
    case address, thread

    /// Nil: none.
    public static let current: Sanitizer? =
        switch getenv("DOGGER_SANITIZER").map({ String(cString: $0) }) {
        case "address": .address
        case "thread": .thread
        default: nil
        }

    /// By how much to lengthen a time that what is tested has to keep to.
    public static let slowness = current == nil ? 1 : 20
}
