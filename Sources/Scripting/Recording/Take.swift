import EventLoop
import Glibc
import HTTP
import Server

/// One exchange as it goes by: what was asked, what was answered, and when. Of each direction's bytes the first are kept, up to a
/// limit, and the others only counted.
final class Take: Witness {
    typealias HeaderField = (name: [UInt8], value: [UInt8])

    /// How it came to its end.
    enum Ending: Equatable {
        case complete
        /// The client went away, or the recording ended, while more might have come.
        case left
        /// With the reason, where it is known.
        case broken(String)
    }

    /// The exchanges of a recording, from 1, by their begin.
    let number: Int
    /// Nanoseconds since 1970.
    let wallClock: UInt64
    /// On the clock of the loop, as all times here.
    let start: UInt64
    let method: [UInt8]
    /// Percent-encoded, with the query.
    let target: [UInt8]
    let host: [UInt8]
    let minorVersion: UInt8
    let requestFields: [HeaderField]

    /// 0: there is no answer.
    private(set) var status = 0
    private(set) var reason: [UInt8] = []
    private(set) var responseFields: [HeaderField] = []
    private(set) var answerTime: UInt64 = 0
    private(set) var isUpgraded = false
    /// The protocol that a 101 names.
    private(set) var protocolName: [UInt8] = []
    /// To be left out: what goes by is not HTTP any more, nor one of Docker's streams.
    var isOtherProtocol: Bool { isUpgraded && !protocolName.isEmpty && Take.lowercased(protocolName) != "tcp" }
    private(set) var up: Track
    private(set) var down: Track
    private(set) var ending = Ending.left
    private(set) var end: UInt64 = 0

    private let whenOver: (Take) -> Void

    /// - Parameters:
    ///   - exchange: within `RequestHandler.handle`.
    ///   - limit: the bytes of each direction that are kept.
    ///   - whenOver: called once.
    init(_ exchange: Exchange, number: Int, limit: Int, whenOver: @escaping (Take) -> Void) {
        self.number = number
        self.whenOver = whenOver
        wallClock = Take.wallClock()
        start = EventLoop.clock()
        let bytes = exchange.headBytes
        let head = exchange.head
        method = Array(head.method.bytes(in: bytes))
        target = Array(head.target.bytes(in: bytes))
        host = (head.authority ?? head.host).map { Array($0.bytes(in: bytes)) } ?? []
        minorVersion = head.minorVersion
        requestFields = exchange.fields.map { (Array($0.name.bytes(in: bytes)), Array($0.value.bytes(in: bytes))) }
        up = Track(limit: limit)
        down = Track(limit: limit)
    }

    func witnessed(_ answer: WitnessedAnswer) {
        answerTime = EventLoop.clock()
        status = answer.head.status
        let bytes = answer.bytes
        reason = Array(answer.head.reason.bytes(in: bytes))
        responseFields = answer.fields.map { (Array($0.name.bytes(in: bytes)), Array($0.value.bytes(in: bytes))) }
        isUpgraded = answer.isUpgraded
        if let upgrade = answer.head.upgrade { protocolName = Array(upgrade.bytes(in: bytes)) }
        // From here on it is another conversation.
        if isUpgraded { requestBody = up.restart() }
    }

    func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) {
        if direction == .up { up.append(bytes, at: EventLoop.clock()) } else { down.append(bytes, at: EventLoop.clock()) }
    }

    func needsBytes(_ direction: Direction) -> Bool { direction == .up ? up.hasRoom : down.hasRoom }

    func witnessed(count: Int, _ direction: Direction) {
        if direction == .up { up.append(count: count) } else { down.append(count: count) }
    }

    func witnessedEnd(of direction: Direction) {
        if direction == .up { up.end(at: EventLoop.clock()) } else { down.end(at: EventLoop.clock()) }
    }

    func witnessedOver(isComplete: Bool, _ failure: String?) {
        end = EventLoop.clock()
        // A stream whose two directions have ended is complete, whichever way the end is told.
        ending = failure.map { .broken($0) } ?? (isComplete || down.endTime != nil ? .complete : .left)
        whenOver(self)
    }

    /// The request's body: of an upgrade, without what followed.
    private(set) var requestBody = Track(limit: 0)
    var sentBody: Track { isUpgraded ? requestBody : up }

    /// Nanoseconds since 1970.
    static func wallClock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// The value of the answer's first field of a name.
    /// - Parameter name: in lower case.
    func responseField(_ name: String) -> [UInt8]? {
        responseFields.first { Take.lowercased($0.name) == name }?.value
    }

    /// - Parameter name: in lower case.
    func requestField(_ name: String) -> [UInt8]? {
        requestFields.first { Take.lowercased($0.name) == name }?.value
    }

    static func lowercased(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self).lowercased() }
}

/// The bytes that went one way, and when.
struct Track {
    /// Bytes that came together.
    struct Run {
        /// On the clock of the loop.
        var time: UInt64
        /// How many bytes are kept with it and all before it.
        var end: Int
    }

    private(set) var bytes: [UInt8] = []
    private(set) var runs: [Run] = []
    /// All bytes, with those that are not kept.
    private(set) var count = 0
    private(set) var endTime: UInt64?
    private let limit: Int

    /// What comes within this time is one run. Nanoseconds.
    static let shortest: UInt64 = 10_000_000

    init(limit: Int) { self.limit = limit }

    /// Whether bytes are missing at the end.
    var isCut: Bool { count > bytes.count }

    /// Whether more bytes would be kept.
    var hasRoom: Bool { bytes.count < limit }

    /// Counts bytes that are not kept.
    mutating func append(count more: Int) { count += more }

    mutating func append(_ more: UnsafeRawBufferPointer, at time: UInt64) {
        count += more.count
        let kept = min(more.count, limit - bytes.count)
        guard kept > 0 else { return }
        bytes.append(contentsOf: more[..<kept])
        if let last = runs.last, time < last.time + Track.shortest {
            runs[runs.count - 1].end = bytes.count
        } else {
            runs.append(Run(time: time, end: bytes.count))
        }
    }

    mutating func end(at time: UInt64) { endTime = time }

    /// Begins anew, and gives what there was.
    mutating func restart() -> Track {
        let old = self
        self = Track(limit: limit)
        return old
    }
}
