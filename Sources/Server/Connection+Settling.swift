import CDogger
import EventLoop
import Glibc

/// Putting a connection in order after everything that happened in a call: what is written goes out, what is over ends, and
/// interest, memory and deadline follow.
extension Connection {
    func settle() {
        if isCut || isGone {
            if isCut { flush() }
            breakOff(.clientGone)
            return
        }
        flush()
        if isCut {
            breakOff(.clientGone)
            return
        }
        if phase == .closing, output == nil { finishClosing() }
        if phase == .lingering, isAtEnd { destroy() }
        if phase == .head, output == nil, !isBlocked {
            if isAtEnd || server.isDraining && unread.isEmpty { destroy() }
        }
        guard phase != .closed else { return }
        if isWriterDue || isBlocked && outputCount <= server.options.lowWater { touch() }
        storeInput()
        probe()
        updateInterest()
        updateDeadline()
    }

    private func finishClosing() {
        let nothingIsLost = clientCloses && body.isDone && unread.isEmpty
        guard !isAtEnd, !nothingIsLost else {
            destroy()
            return
        }
        shutdown(descriptor, Int32(SHUT_WR))
        hasShutDown = true
        phase = .lingering
        deadline = server.loop.now &+ server.options.lingerTimeout
        consume(unread.count)
    }

    private func updateInterest() {
        guard isWatched else { return }
        var wanted: Events = []
        if wantsInput { wanted.insert(.readable) }
        if !isAtEnd, !hasSeenHalfClose { wanted.insert(.halfClosed) }
        if output != nil, heldSince == nil { wanted.insert(.writable) }
        guard wanted != interest else { return }
        do throws(SystemError) {
            try server.loop.change(descriptor, wanted)
            interest = wanted
        } catch {
            // The kernel is out of memory. A connection that nobody would hear of again must not stay.
            breakOff(.clientGone)
        }
    }

    private func updateDeadline() {
        let options = server.options
        let now = server.loop.now
        switch phase {
        case .head:
            if output != nil {
                isReadingHead = false
                deadline = isPatient ? .max : now &+ options.stallTimeout
            } else if unread.isEmpty {
                isReadingHead = false
                // The first request's time runs from the first moment, whatever comes.
                if hasServed { deadline = now &+ options.idleTimeout }
            } else if !isReadingHead {
                isReadingHead = true
                deadline = now &+ options.headTimeout
            }
        case .exchange:
            guard let exchange, exchange.waitsToRead, !exchange.isUpgraded, !isPatient else {
                deadline = .max
                return
            }
            deadline = now &+ options.stallTimeout
        case .skipping, .closing:
            deadline = isPatient && output != nil ? .max : now &+ options.stallTimeout
        case .lingering, .closed:
            break
        }
    }
}
