import EventLoop
import Glibc

/// The ways in which an exchange ends, and its connection with it or not.
extension UpstreamConnection {
    func endRaw(_ exchange: UpstreamExchange) {
        exchange.hasReadEnd = true
        if exchange.hasEnded || isHungUp || isBroken { finishRaw() }
    }

    /// A raw stream is over both ways.
    func finishRaw() {
        exchange?.detach()
        leave()
    }

    /// Closes when all that was written to a raw stream is out. Its exchange is detached.
    func leave() {
        let timeout = exchange?.hasReadEnd == true ? upstream.options.endedStallTimeout : upstream.options.stallTimeout
        exchange = nil
        flush()
        guard !output.isEmpty, canSend, isWatched else { return destroy() }
        phase = .closing
        input.staysInSocket = false
        expectProgress(within: timeout)
        touch()
    }

    /// An upstream that takes nothing any more is not waited for.
    private func expectProgress(within timeout: UInt64) {
        let before = output.count
        timer = upstream.loop.schedule(after: timeout) { [self] in
            if output.count < before { expectProgress(within: timeout) } else { destroy() }
        }
    }

    /// The answer is complete; the connection waits for the next request if it can take one.
    func finishAnswer() {
        guard let exchange else { return }
        let isReusable = parser.head.keepAlive && exchange.sending == .done && output.isEmpty && canSend && input.unread.isEmpty
            && !input.isAtEnd && !isHungUp
        input.staysInSocket = false
        exchange.detach()
        self.exchange = nil
        guard isReusable, upstream.keepIdle(self) else {
            destroy()
            return
        }
        phase = .idle
    }

    /// Ends the exchange with a failure, at the end of this call or of the turn. Where the failure is only that the upstream has
    /// closed a connection that was idle before, or that bytes of no answer were left on it, the request is sent again on a fresh one.
    func fail(_ failure: UpstreamFailure) {
        if pendingFailure == nil { pendingFailure = failure }
        touch()
    }

    func deliver(_ failure: UpstreamFailure) {
        let exchange = exchange
        let isStale = switch failure {
        case .closedBeforeAnswer, .malformed: isReused && exchange?.isAnswered == false
        default: false
        }
        let mayRetry = isStale && (!output.hasSent || exchange?.isRepeatable == true)
        // Of a request that was not sent at all, all is still here.
        let unsent = mayRetry && !output.hasSent ? output.takeCollected() : nil
        destroy()
        guard let exchange else { return }
        if mayRetry { upstream.retry(exchange, unsent) } else { exchange.fail(failure) }
    }

    func destroy() {
        guard phase != .closed else { return }
        if phase == .idle { upstream.forgetIdle(self) }
        phase = .closed
        timer?.cancel()
        timer = nil
        candidates.release()
        stopWatching()
        if descriptor >= 0 { close(descriptor) }
        input.release()
        output.close()
        exchange?.connection = nil
        exchange = nil
        upstream.connectionClosed()
    }
}
