import EventLoop
import Glibc
import HTTP
import Server

/// One request as the log tells it at its end.
final class RequestRecord: Witness {
    let id: UInt64
    let method: [UInt8]
    let target: [UInt8]
    /// Nil but for JSON, which alone tells it.
    let caller: Caller?
    /// A handler's path, or an upstream's address; nil: nobody.
    private(set) var answerer: String?
    /// 0: there was no answer.
    private(set) var status = 0
    /// Bytes of bodies, and raw ones after an upgrade.
    private(set) var requestBytes = 0
    private(set) var responseBytes = 0
    private(set) var isComplete = false
    /// Nanoseconds from the head's arrival to the end.
    private(set) var duration: UInt64 = 0
    /// Nanoseconds since 1970.
    let wallClock: UInt64
    private let start = EventLoop.clock()
    private let whenOver: (RequestRecord) -> Void
    /// Who looks on besides.
    private(set) var next: (any Witness)?

    /// Has a record of the exchange made.
    /// - Parameters:
    ///   - exchange: within `RequestHandler.handle`.
    ///   - whenOver: called once, on the loop.
    static func keep(_ exchange: Exchange, withCaller: Bool, whenOver: @escaping (RequestRecord) -> Void) {
        let record = RequestRecord(exchange, withCaller: withCaller, whenOver: whenOver)
        let other = exchange.witness
        exchange.show(to: record)
        // It has been shown what is there already.
        record.next = other
    }

    private init(_ exchange: Exchange, withCaller: Bool, whenOver: @escaping (RequestRecord) -> Void) {
        let bytes = exchange.headBytes
        id = exchange.id
        method = Array(exchange.head.method.bytes(in: bytes))
        target = Array(exchange.head.target.bytes(in: bytes))
        caller = withCaller ? Caller(descriptor: exchange.descriptor) : nil
        wallClock = Take.wallClock()
        self.whenOver = whenOver
    }

    /// The first to be told is the one.
    func answered(by name: String?) {
        if answerer == nil { answerer = name }
    }

    func witnessed(_ answer: WitnessedAnswer) {
        status = answer.head.status
        next?.witnessed(answer)
    }

    func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) {
        if direction == .up { requestBytes += bytes.count } else { responseBytes += bytes.count }
        next?.witnessed(bytes, direction)
    }

    /// For itself it counts.
    func needsBytes(_ direction: Direction) -> Bool { next?.needsBytes(direction) ?? false }

    func witnessed(count: Int, _ direction: Direction) {
        if direction == .up { requestBytes += count } else { responseBytes += count }
        next?.witnessed(count: count, direction)
    }

    func witnessedEnd(of direction: Direction) { next?.witnessedEnd(of: direction) }

    func witnessedOver(isComplete: Bool, _ failure: String?) {
        self.isComplete = isComplete
        duration = EventLoop.clock() - start
        next?.witnessedOver(isComplete: isComplete, failure)
        whenOver(self)
    }
}
