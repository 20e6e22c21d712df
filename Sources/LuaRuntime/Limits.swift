/// What a script may use.
public struct Limits: Sendable {
    /// Bytes of the whole VM: values, code, coroutines and the JSON of a response.
    public var memory = 256 << 20
    /// Nanoseconds of CPU between two waits. The deadline ticks every 10 ms: a script is stopped at most that much later.
    public var scriptTimeout: UInt64 = 1_000_000_000

    public init() {}
}
