import EventLoop

/// Putting a connection in order after everything that happened in a call: what was written goes out, a failure is told, and
/// interest and memory follow.
extension UpstreamConnection {
    func settle() {
        guard phase != .closed else { return }
        // What has failed before it was sent can still be sent on another connection.
        if pendingFailure == nil { flush() }
        if let pendingFailure {
            deliver(pendingFailure)
            return
        }
        if phase == .closing, output.isEmpty || !canSend { return destroy() }
        if let exchange {
            let isReaderDue = exchange.waitsToRead && isHungUp && phase != .connecting
            if isWriterDue || isReaderDue { touch() }
        }
        hasReceived = false
        input.store()
        updateInterest()
    }

    private func updateInterest() {
        guard isWatched, phase != .connecting else { return }
        var wanted: Events = []
        if wantsInput { wanted.insert(.readable) }
        if !output.isEmpty, canSend { wanted.insert(.writable) }
        guard wanted != interest else { return }
        do throws(SystemError) {
            try upstream.loop.change(descriptor, wanted)
            interest = wanted
        } catch {
            // The kernel is out of memory. A connection that nobody would hear of again must not stay.
            fail(.noConnection(upstream.address, error))
        }
    }

    /// Puts it on the loop, or changes what it is there for.
    func watch(_ events: Events) throws(SystemError) {
        if isWatched { try upstream.loop.change(descriptor, events) } else { try upstream.loop.add(descriptor, events, self) }
        interest = events
        isWatched = true
    }

    func stopWatching() {
        guard isWatched else { return }
        upstream.loop.remove(descriptor)
        isWatched = false
        interest = []
    }
}
