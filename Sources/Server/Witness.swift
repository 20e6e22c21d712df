import HTTP

/// Sees what goes by, as it goes by: for a recorder, or for somebody who looks on. That of a relay sees what an upstream answers
/// (`Relay.init`), that of an exchange what its client sends and gets, whoever answers (`Exchange.show`). All calls come on the
/// loop's thread, from within the work that is told of: look, copy, and call nothing of what is watched.
public protocol Witness: AnyObject {
    func witnessed(_ answer: WitnessedAnswer)

    /// - Parameter bytes: of a body without its framing, or raw after an upgrade; good during the call only.
    func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction)

    /// Whether bytes that go this way have to be shown; else it may be told only how many they are, and a large body goes by
    /// without coming into this process's memory. Once false for a body or a stream, it stays so.
    func needsBytes(_ direction: Direction) -> Bool

    /// In place of the bytes themselves, where they are not needed.
    func witnessed(count: Int, _ direction: Direction)

    /// That side has sent all; after an upgrade it has half-closed. Not called for a body that breaks off.
    func witnessedEnd(of direction: Direction)

    /// The last call.
    /// - Parameters:
    ///   - isComplete: all went by.
    ///   - failure: what went wrong, as a sentence; nil where one side was gone, or nobody knows.
    func witnessedOver(isComplete: Bool, _ failure: String?)
}

public enum Direction: Equatable, Sendable {
    /// From the client to the server, or on to the upstream.
    case up
    /// To the client.
    case down
}

/// The head of an answer. Good during the call that tells of it.
public struct WitnessedAnswer {
    /// Its slices are offsets into `bytes`.
    public var head: ResponseHead
    public var bytes: UnsafeRawBufferPointer
    public var fields: UnsafeBufferPointer<Field>
    /// Raw bytes both ways follow.
    public var isUpgraded: Bool
}
