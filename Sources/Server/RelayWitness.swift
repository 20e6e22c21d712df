/// Sees what a relay passes on, as it passes: for a recorder. All calls come on the loop's thread, from within the relay's own work:
/// look, copy, and call neither the relay nor its two exchanges.
public protocol RelayWitness: AnyObject {
    /// The answer's head is in `relay.response`.
    func relayIsAnswered(_ relay: Relay)

    /// - Parameter bytes: of a body without its framing, or raw after an upgrade; good during the call only.
    func relay(_ relay: Relay, passes bytes: UnsafeRawBufferPointer, _ direction: RelayDirection)

    /// That side has sent all; after an upgrade it has half-closed. Not called for a body that breaks off.
    func relay(_ relay: Relay, endsPassing direction: RelayDirection)

    /// The last call.
    /// - Parameters:
    ///   - isComplete: all was passed on.
    ///   - failure: what went wrong with the upstream or with the request's body; nil where one side was gone.
    func relayIsOver(_ relay: Relay, isComplete: Bool, _ failure: String?)
}

public enum RelayDirection: Equatable, Sendable {
    /// From the client to the upstream.
    case up
    /// From the upstream to the client.
    case down
}
