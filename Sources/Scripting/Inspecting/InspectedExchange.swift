import HTTP
import LuaRuntime
import Server

/// One exchange that somebody looks on at: what went by, and what dogger made of it.
final class InspectedExchange: Witness {
    /// What a script said meanwhile.
    struct Note {
        enum Kind: String { case log, error }

        var kind: Kind
        /// Nanoseconds since 1970.
        var time: UInt64
        var text: String
        /// The calls that led to an error; may be empty.
        var traceback = ""
    }

    let take: Take
    let caller: Caller
    /// The caller's name; empty where it is not known.
    let callerName: String
    /// Where the client came in.
    let address: Listener.Address?
    /// The number of the exchange that this one repeats.
    let replayOf: Int?
    /// Which version of the handlers had it, and when that was loaded.
    let version: Int
    let loadTime: UInt64
    /// The handlers that were asked, in their order.
    private(set) var asked: [String] = []
    /// A handler's path, an upstream's address, or "nobody"; nil: it is not known yet.
    private(set) var answerer: String?
    private(set) var notes: [Note] = []
    /// Notes that there was no room for.
    private(set) var lostNotes = 0
    private(set) var isOver = false
    /// It is not kept any more, so nothing more of it is.
    private var isForgotten = false
    private weak var inspector: Inspector?

    static let bodyLimit = 64 << 10
    private static let mostNotes = 200
    private static let longestNote = 8 << 10

    /// - Parameter exchange: within `RequestHandler.handle`.
    init(
        _ exchange: Exchange, number: Int, from caller: Caller, called name: String, _ handler: Handler, replayOf: InspectedExchange?,
        _ inspector: Inspector
    ) {
        take = Take(exchange, number: number, limit: InspectedExchange.bodyLimit) { _ in }
        self.caller = caller
        callerName = name
        address = replayOf?.address ?? Listener.address(of: exchange.descriptor)
        self.replayOf = replayOf?.number
        version = handler.version
        loadTime = handler.loadTime
        self.inspector = inspector
    }

    var number: Int { take.number }

    /// About the bytes of memory that it takes.
    var size: Int {
        let fields = (take.requestFields + take.responseFields).reduce(0) { $0 + $1.name.count + $1.value.count + 64 }
        let said = notes.reduce(0) { $0 + $1.text.utf8.count + $1.traceback.utf8.count + 64 }
        return 1024 + take.target.count + fields + said + take.sentBody.bytes.count + take.up.bytes.count + take.down.bytes.count
    }

    // MARK: What the handlers do

    func note(_ kind: Note.Kind, _ text: String, traceback: String = "") {
        guard !isForgotten else { return }
        if notes.count < InspectedExchange.mostNotes {
            notes.append(Note(kind: kind, time: Take.wallClock(), text: cut(text), traceback: cut(traceback)))
        } else {
            lostNotes += 1
        }
        inspector?.changed(self)
    }

    private func cut(_ text: String) -> String {
        guard text.utf8.count > InspectedExchange.longestNote else { return text }
        return String(decoding: text.utf8.prefix(InspectedExchange.longestNote), as: UTF8.self) + " …"
    }

    /// The first to be told is the one.
    func answered(by name: String?, asked: [String]) {
        guard answerer == nil else { return }
        self.asked = asked
        answerer = name ?? "nobody"
    }

    func forget() { isForgotten = true }

    // MARK: Witness

    func witnessed(_ answer: WitnessedAnswer) {
        take.witnessed(answer)
        inspector?.changed(self)
    }

    func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) {
        guard !isForgotten else { return }
        take.witnessed(bytes, direction)
        inspector?.changed(self)
    }

    func needsBytes(_ direction: Direction) -> Bool { !isForgotten && take.needsBytes(direction) }

    func witnessed(count: Int, _ direction: Direction) {
        guard !isForgotten else { return }
        take.witnessed(count: count, direction)
        inspector?.changed(self)
    }

    func witnessedEnd(of direction: Direction) {
        take.witnessedEnd(of: direction)
        inspector?.changed(self)
    }

    func witnessedOver(isComplete: Bool, _ failure: String?) {
        take.witnessedOver(isComplete: isComplete, failure)
        isOver = true
        inspector?.changed(self)
    }
}

extension Exchange {
    /// What is kept of it for the inspector, where somebody looks on.
    var inspected: InspectedExchange? {
        guard let witness else { return nil }
        return (record?.next ?? witness) as? InspectedExchange
    }

    /// What the log keeps of it.
    var record: RequestRecord? {
        guard let witness else { return nil }
        return witness as? RequestRecord
    }
}
