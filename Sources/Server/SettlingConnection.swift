import EventLoop

/// A connection that is put in order once after all that happened to it: whatever is written between a cork and the settling
/// leaves in one system call, and interest, memory and deadlines follow once. What somebody does to it at another time (a handler
/// answers from a timer) queues it for the end of the turn, where the same is done. So nobody is called from within a call of
/// their own.
protocol SettlingConnection: AnyObject {
    var turn: TurnQueue { get }
    var isClosed: Bool { get }
    /// It is settled as soon as the present call is over.
    var isCorked: Bool { get set }
    /// It is settled at the end of the turn.
    var isQueued: Bool { get set }

    /// Goes on as far as it can with what there is.
    func advance()
    func settle()
}

extension SettlingConnection {
    /// Has this connection advanced and settled at the end of the turn, if it isn't being so just now.
    func touch() {
        guard !isCorked, !isQueued, !isClosed else { return }
        isQueued = true
        turn.add(self)
    }

    func endTurn() {
        isQueued = false
        guard !isClosed else { return }
        isCorked = true
        advance()
        isCorked = false
        settle()
    }
}

/// The connections that are settled at the end of the loop's turn.
final class TurnQueue {
    private let loop: EventLoop
    private var queued: ContiguousArray<any SettlingConnection> = []
    private var settling: ContiguousArray<any SettlingConnection> = []

    init(_ loop: EventLoop) { self.loop = loop }

    func add(_ connection: any SettlingConnection) {
        if queued.isEmpty { loop.soon { self.settle() } }
        queued.append(connection)
    }

    private func settle() {
        swap(&queued, &settling)
        for connection in settling { connection.endTurn() }
        settling.removeAll(keepingCapacity: true)
    }
}
