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
        if phase == .closing, output.isEmpty { finishClosing() }
        if phase == .lingering, input.isAtEnd { destroy() }
        if phase == .head, output.isEmpty, !isBlocked {
            if input.isAtEnd || server.isDraining && input.unread.isEmpty { destroy() }
        }
        guard phase != .closed else { return }
        if isWriterDue || isBlocked && output.count <= server.options.lowWater { touch() }
        input.store()
        probe()
        updateInterest()
        updateDeadline()
    }

    private func finishClosing() {
        let nothingIsLost = clientCloses && body.isDone && input.unread.isEmpty
        guard !input.isAtEnd, !nothingIsLost else {
            destroy()
            return
        }
        output.shutDown(descriptor)
        phase = .lingering
        deadline = server.loop.now &+ server.options.lingerTimeout
        input.consume(input.unread.count)
    }

    private func updateInterest() {
        guard isWatched else { return }
        var wanted: Events = []
        if wantsInput { wanted.insert(.readable) }
        if !input.isAtEnd, !hasSeenHalfClose { wanted.insert(.halfClosed) }
        if !output.isEmpty, !output.isHeld { wanted.insert(.writable) }
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
            if !output.isEmpty {
                isReadingHead = false
                deadline = isPatient ? .max : now &+ options.stallTimeout
            } else if input.unread.isEmpty {
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
            deadline = isPatient && !output.isEmpty ? .max : now &+ options.stallTimeout
        case .lingering, .closed:
            break
        }
    }
}
