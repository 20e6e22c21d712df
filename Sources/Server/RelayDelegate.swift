/// Who starts a relay may decide what becomes of the answer. All calls come on the loop's thread, and never from within a call
/// of the delegate's on the relay, except `relayDidEnd` from `Relay.pass`.
public protocol RelayDelegate: AnyObject {
    /// The answer's head is in `relay.response`. Pass it on, now or later; or read the body from `relay.response`, then
    /// `cancel()` the relay and answer the exchange oneself.
    func relayDidAnswer(_ relay: Relay)

    /// For who reads the body: after a `.wait`, there are bytes now, or their end.
    func relayCanRead(_ relay: Relay)

    /// There is no answer, or no more of one that was not passed on. The client is not answered: answer the exchange, which has
    /// no delegate now. The last call.
    /// - Parameters:
    ///   - status: what to answer with.
    ///   - message: a sentence that names the upstream.
    func relayDidFail(_ relay: Relay, status: Int, message: String)

    /// It is over: all was passed on, or one side was gone before. The last call.
    func relayDidEnd(_ relay: Relay, isComplete: Bool)
}
