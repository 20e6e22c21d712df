import EventLoop
import HTTP
import LuaRuntime
import Server

/// res:tap(): the script looks at the bytes that go by, in both directions after an upgrade.
extension Conversation {
    struct Tap {
        let relay: Relay
        /// The script knows of that side's end.
        var isClientDone: Bool
        var isUpstreamDone = false
        /// That side has not taken all that was written to it: of the other nothing is read meanwhile. The script is not held up by
        /// it, for a side that takes nothing may go on sending, and may have to before it takes any more.
        var isClientLagging = false
        var isUpstreamLagging = false
        /// The client has left. The exchange is over, but the script may look at its request for as long as it goes on.
        var left: Exchange?
        /// When it goes on no longer.
        var limit: Timer?
    }

    /// How long what the client sent before it left may take to go through the script. Nanoseconds.
    private static let longestRest: UInt64 = 30_000_000_000

    /// The next bytes of either side, or its end; nil: neither has anything yet.
    func tapAnswer() -> Answer? {
        guard let tap, let response = tap.relay.response else { return Answer.none }
        if let left = tap.left { return restAnswer(left) }
        if !tap.isUpstreamDone, !tap.isClientLagging {
            switch response.readChunk() {
            case .bytes(let bytes): return .tapped(bytes, fromClient: false)
            case .wait: break
            case .end, .failed:
                self.tap?.isUpstreamDone = true
                if response.failure != nil { return handler.error("the upstream's stream broke off", status: 502) }
                return .tapped(nil, fromClient: false)
            }
        }
        if !tap.isClientDone, !tap.isUpstreamLagging || exchange.hasLeft {
            switch exchange.readChunk() {
            case .bytes(let bytes): return .tapped(bytes, fromClient: true)
            case .wait: break
            case .end, .failed:
                self.tap?.isClientDone = true
                return .tapped(nil, fromClient: true)
            }
        }
        return tap.isUpstreamDone && (tap.isClientDone || response.isEnded) ? Answer.none : nil
    }

    /// What a side no longer takes is dropped: its end is told by the next read.
    func tapWrite(_ bytes: UnsafeRawBufferPointer, toClient: Bool) {
        guard let response = tap?.relay.response else { return }
        if toClient {
            tap?.isClientLagging = exchange.write(bytes) == .wait
        } else {
            tap?.isUpstreamLagging = response.write(bytes) == .wait
        }
    }

    /// A side has taken most of what was written to it.
    func tapCanWrite(toClient: Bool) {
        if toClient { tap?.isClientLagging = false } else { tap?.isUpstreamLagging = false }
        if case .tap = wait, let answer = tapAnswer() { resume(answer) }
    }

    func tapClose(toClient: Bool) {
        guard isUpgraded else { return }
        if toClient { exchange.closeWrite() } else { tap?.relay.response?.end() }
    }

    // MARK: The client has left

    /// What the client of a raw stream sent before it left goes through the script too, and up.
    /// - Returns: whether there is any of that.
    func readsOn(_ exchange: Exchange) -> Bool {
        guard let tap, isUpgraded, !tap.isClientDone, tap.left == nil else { return false }
        let isIdle: Bool
        switch wait {
        case .tap: isIdle = true
        // It may have bytes in its hands.
        case .sleep, .asked: isIdle = false
        default: return false
        }
        guard exchange.rest != nil || !isIdle else { return false }
        self.tap?.left = exchange
        self.tap?.limit = handler.loop.schedule(after: Conversation.longestRest) { [self] in breakOff() }
        if isIdle, let answer = tapAnswer() { resume(answer) }
        return true
    }

    /// What is left, once, and then the end of the stream.
    private func restAnswer(_ left: Exchange) -> Answer {
        guard let rest = left.takeRest() else { return Answer.none }
        handler.answerBytes = rest
        return .tapped(rest.readable, fromClient: true)
    }
}
