import LuaRuntime

/// Who is at the other end of the connections that tests make, by the descriptor of the server's side. A descriptor that is used
/// again belongs to another connection by then, and is written anew.
final class TestCallers {
    private var byDescriptor: [Int32: TestCaller] = [:]

    subscript(descriptor: Int32) -> TestCaller? {
        get { byDescriptor[descriptor] }
        set { byDescriptor[descriptor] = newValue }
    }
}

final class TestCaller {
    /// Which of the tests' fake upstreams is asked; 0: none.
    private let service: Int
    private let peer: UnsafeMutablePointer<ScriptPeer>?

    /// - Parameter peer: what `req.peer` says; nil: the truth.
    init(service: Int = 0, peer: ScriptPeer? = nil) {
        self.service = service
        self.peer = peer.map { peer in
            let copy = UnsafeMutablePointer<ScriptPeer>.allocate(capacity: 1)
            copy.initialize(to: peer)
            return copy
        }
    }

    deinit { peer?.deallocate() }

    func tell(_ task: ScriptTask) {
        task.request.service = Int32(service)
        task.request.peer = UnsafePointer(peer)
    }
}
