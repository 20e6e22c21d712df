/// How much a peer may send before its head is refused.
public struct HeadLimits: Equatable, Sendable {
    /// The most bytes in a head, from the first byte of the message to its empty line.
    public var bytes: Int
    /// The most field lines in a head.
    public var fields: Int

    /// - Parameters:
    ///   - bytes: from 1 to 2^31 - 1, so that a ``Slice`` can hold every offset.
    ///   - fields: 0 or more.
    public init(bytes: Int = 65_536, fields: Int = 256) {
        precondition(bytes > 0 && bytes <= Int(Int32.max), "a head's limit is between 1 byte and 2 GiB")
        precondition(fields >= 0, "a head can't have fewer than 0 fields")
        self.bytes = bytes
        self.fields = fields
    }
}
