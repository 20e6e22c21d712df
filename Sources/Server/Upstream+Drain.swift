import EventLoop

/// The end of the service.
extension Upstream {
    /// Waits for what was written to raw streams whose clients have left; idle connections are closed.
    /// - Parameters:
    ///   - grace: for how many nanoseconds at most.
    ///   - then: called once on the loop, when no connection is left or the grace is over.
    public func drain(grace: UInt64, then: @escaping () -> Void) {
        close()
        let earlier = whenDrained
        let limit = loop.schedule(after: grace) { [self] in drained() }
        whenDrained = {
            limit.cancel()
            earlier?()
            then()
        }
        if connectionCount == 0 { drained() }
    }

    func drained() {
        let then = whenDrained
        whenDrained = nil
        then?()
    }
}

extension Server {
    /// `drain`, and then that of the upstream that requests are passed on to, within the same grace.
    public func drain(_ upstream: Upstream?, grace: UInt64, then: @escaping () -> Void) {
        let end = EventLoop.clock() &+ grace
        drain(grace: grace) {
            guard let upstream else { return then() }
            let now = EventLoop.clock()
            upstream.drain(grace: end > now ? end - now : 0, then: then)
        }
    }
}
