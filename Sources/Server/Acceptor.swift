import CDogger
import EventLoop
import Glibc

/// Takes connections from a listener.
final class Acceptor: EventSource {
    // The loop holds its acceptors, and they their server: it lives as long as it can get connections.
    private let server: Server
    let listener: Listener
    private let isTCP: Bool
    private(set) var isPaused = false
    /// Whoever comes stays in the queue, for somebody else.
    var isHeld = false {
        didSet { if isOpen, !isPaused { watch(isHeld ? [] : .readable) } }
    }
    private var isOpen = true

    /// In one turn, so that a flood of clients can't hold up those who are in already.
    private static let mostPerTurn = 64
    private static let pause: UInt64 = 100_000_000

    init(_ server: Server, _ listener: Listener) {
        self.server = server
        self.listener = listener
        if case .tcp = listener.address { isTCP = true } else { isTCP = false }
    }

    func open() throws(SystemError) { try server.loop.add(listener.descriptor, .readable, self) }

    func ready(_ events: Events) { accept(most: Acceptor.mostPerTurn) }

    /// - Parameter isLast: nobody takes those who still wait afterwards.
    private func accept(most: Int, isLast: Bool = false) {
        for _ in 0..<most where isOpen && !isPaused && !isHeld {
            guard server.hasRoom || isLast else { return stop() }
            let descriptor = dg_accept(listener.descriptor)
            if descriptor >= 0 {
                serve(descriptor)
                // Its request may have taken long, and the next client be one who has saved a file since.
                if !isLast, server.loop.isLate { return }
                continue
            }
            switch errno {
            case EAGAIN: return
            // This process or the machine has no descriptor or memory left; the client stays in the queue. To ask again at
            // once would be a busy loop.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: stop()
            // The client is gone before it was taken, or its network is; accept(2) gives such errors too.
            default: continue
            }
        }
    }

    private func serve(_ descriptor: Int32) {
        if isTCP { TCPOptions.set(on: descriptor) }
        server.serve(descriptor, isTCP: isTCP)
    }

    private func stop() {
        isPaused = true
        watch([])
        server.loop.schedule(after: Acceptor.pause) { self.resume() }
    }

    /// There may be room now.
    func resume() {
        guard isPaused, isOpen else { return }
        isPaused = false
        if !isHeld { watch(.readable) }
    }

    private func watch(_ interest: Events) {
        // It fails only when the kernel has no memory; what is left then is to take the clients as they come.
        try? server.loop.change(listener.descriptor, interest)
    }

    /// Takes no more, and closes the listener.
    func close() {
        guard isOpen else { return }
        // Nobody else would serve those who wait in the queue.
        if !listener.isShared {
            isPaused = false
            accept(most: Acceptor.mostPerTurn * Acceptor.mostPerTurn, isLast: true)
        }
        isOpen = false
        server.loop.remove(listener.descriptor)
        listener.close()
    }
}
