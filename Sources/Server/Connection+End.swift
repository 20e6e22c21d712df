import CDogger
import EventLoop
import Glibc

/// The ways in which a connection ends, other than in order.
extension Connection {
    /// The kernel says that both directions are over.
    func hangUp() {
        guard phase == .exchange, output.hasShutDown, exchange?.isUpgraded == true else {
            isGone = true
            return
        }
        // Both sides have half-closed in order. What the client sent last is still to be read, and as the kernel reports
        // the end again each turn, whatever is watched, the rest is taken in now and the loop told to look no more.
        receiveRest()
        // It can't block now; but a loop without end would be worse than a lost connection.
        if !input.isAtEnd { isCut = true }
        server.loop.remove(descriptor)
        isWatched = false
        // Also who waits for something else, an upstream that takes nothing, is told.
        exchange?.waitsToRead = true
    }

    /// Takes in all that there is of a client that has left. It is no more than fits into the kernel's buffers.
    private func receiveRest() {
        while !input.isAtEnd {
            input.store()
            let before = input.unread.count
            receive()
            if input.unread.count == before { break }
        }
        input.store()
    }

    /// Ends it now, whatever is going on.
    func breakOff(_ reason: CloseReason) {
        let exchange = phase == .exchange ? exchange : nil
        if reason == .clientGone, let exchange, exchange.isUpgraded, body.isDone {
            receiveRest()
            exchange.rest = input.taken()
            if let rest = exchange.rest { exchange.tell(chunk: rest.readable) }
        }
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
        input.release()
        output.close()
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

    /// Over TCP a client that has left looks like one that has half-closed, until something is sent to it: then the kernel of the one
    /// that has left says so. While an answer is waited for, that is its first byte, which is known; while a chunked one pauses, a
    /// zero in front of the next chunk's size, which says nothing to a client that listens (RFC 9112 section 7.1).
    func probe() {
        guard isTCP, input.isAtEnd, !isProbed, output.isEmpty, phase == .exchange, let exchange else { return }
        let byte: StaticString
        switch exchange.response {
        case .none: byte = "H"
        case .chunked: byte = "0"
        case .fixed, .untilClose, .bodiless, .over: return
        }
        isProbed = true
        let count = send(descriptor, byte.utf8Start, 1, Int32(MSG_NOSIGNAL))
        if exchange.response == .none, count == 1 { hasBegunHead = true }
    }

    /// A head was begun; nothing was collected before it.
    func skipBegunHead() {
        guard hasBegunHead else { return }
        hasBegunHead = false
        output.buffer?.consume(1)
    }

    /// Has a TCP client see an error in place of an orderly end, where the end alone would look like the end of a body.
    func resetOnClose() {
        guard isTCP else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
