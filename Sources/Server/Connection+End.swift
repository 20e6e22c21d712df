import EventLoop
import Glibc

/// The ways in which a connection ends, other than in order.
extension Connection {
    /// The kernel says that both directions are over.
    func hangUp() {
        guard phase == .exchange, hasShutDown, exchange?.isUpgraded == true else {
            isGone = true
            return
        }
        // Both sides have half-closed in order. What the client sent last is still to be read, and as the kernel reports
        // the end again each turn, whatever is watched, the rest is taken in now and the loop told to look no more.
        while !isAtEnd, !isCut {
            storeInput()
            let before = unread.count
            receive()
            // It can't block now; but a loop without end would be worse than a lost connection.
            if !isAtEnd, unread.count == before { isCut = true }
        }
        storeInput()
        server.loop.remove(descriptor)
        isWatched = false
    }

    /// Ends it now, whatever is going on.
    func breakOff(_ reason: CloseReason) {
        let exchange = phase == .exchange ? exchange : nil
        destroy()
        guard let exchange else { return }
        let delegate = exchange.delegate
        exchange.detach(reason == .shutdown ? "dogger was stopped before the end" : nil)
        delegate?.exchangeDidClose(exchange, reason)
    }

    func destroy() {
        guard phase != .closed else { return }
        phase = .closed
        if isWatched { server.loop.remove(descriptor) }
        close(descriptor)
        releaseBuffers()
        returnReader()
        server.forget(self)
        if exchange?.isAttached == false { recycle() }
    }

    /// Ends it with this call, or at the end of the turn; what is written by now may still go out.
    func cut() {
        phase = .closing
        isLast = true
        isCut = true
        touch()
    }

    /// Has a TCP client see an error in place of an orderly end, where the end alone would look like the end of a body.
    func resetOnClose() {
        guard isTCP else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
