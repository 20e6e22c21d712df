/// Who sent a request to an upstream is told what comes of it. All calls come on the loop's thread, and never from within a
/// call of the delegate's on the exchange. It is held until the exchange has ended.
public protocol UpstreamDelegate: AnyObject {
    /// An interim answer (RFC 9110 section 15.2) other than 100, which nobody waits for; more may come, and then the answer.
    /// - Parameter answer: good during the call only.
    func upstreamDidInform(_ exchange: UpstreamExchange, _ answer: WitnessedAnswer)

    /// The answer's head is whole: `status`, `fields` and the like can be read from now on.
    func upstreamDidAnswer(_ exchange: UpstreamExchange)

    /// After a read that said `.wait`: read again, for there are bytes now, or their end.
    func upstreamCanRead(_ exchange: UpstreamExchange)

    /// After a write that said `.wait`: the upstream has taken most of what was written, or takes no more.
    func upstreamCanWrite(_ exchange: UpstreamExchange)

    /// There is no answer, or no more of it; this is the last call about the exchange.
    func upstreamDidFail(_ exchange: UpstreamExchange, _ failure: UpstreamFailure)
}

extension UpstreamDelegate {
    public func upstreamDidInform(_ exchange: UpstreamExchange, _ answer: WitnessedAnswer) {}
}
