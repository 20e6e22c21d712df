/// How long to wait before a child that keeps on crashing is started again.
///
/// The first few crashes cost no wait: they are single faults, and clients wait for the next child. From then on starts are
/// some time apart, which doubles with every crash up to a limit, so that a child that can't live does not eat the machine.
/// A child that lived longer than that time is started at once all the same; one that lived for `healthy` wipes the slate.
public struct Backoff: Sendable {
    /// Crashes since the last child that was healthy.
    public private(set) var crashes = 0

    /// A life of this many nanoseconds, and what came before is forgotten.
    public static let healthy: UInt64 = 10_000_000_000
    private static let free = 4
    private static let shortest: UInt64 = 100_000_000
    private static let longest: UInt64 = 5_000_000_000

    public init() {}

    /// A child has crashed.
    /// - Parameter lifetime: nanoseconds from its start.
    /// - Returns: nanoseconds until the next one may start.
    public mutating func wait(after lifetime: UInt64) -> UInt64 {
        if lifetime >= Backoff.healthy { crashes = 0 }
        crashes += 1
        guard crashes > Backoff.free else { return 0 }
        // Six doublings pass the limit.
        let spacing = min(Backoff.shortest << UInt64(min(crashes - Backoff.free - 1, 6)), Backoff.longest)
        return spacing > lifetime ? spacing - lifetime : 0
    }
}
