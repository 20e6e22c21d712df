import EventLoop
import HTTP
import LuaRuntime
import Server

/// Keeps what goes by for the page of `--inspect`, while one is open: the last exchanges, and what there is to tell besides them.
///
/// Life of an exchange here: the dispatcher shows it (`look`), it tells of each change (`changed`), and the pages hear of all changes of
/// a moment together. While no page is open nothing is looked at.
public final class Inspector {
    /// What is told besides exchanges: reloads, and what scripts say while no request is theirs.
    struct Message {
        enum Kind: String { case reload, error, log }

        var kind: Kind
        /// Nanoseconds since 1970.
        var time: UInt64
        var text: String
        var traceback = ""
    }

    let loop: EventLoop
    private let nameOf: (Int32) -> String
    /// What replays go to.
    public weak var server: Server?
    /// Whose current version the page names.
    weak var dispatcher: Dispatcher?
    /// Tells one worker's exchanges from those of the next, which count from 1 again.
    let worker = Take.wallClock()
    private(set) var history = History<InspectedExchange>(mostItems: 500, mostBytes: 32 << 20)
    private(set) var messages: [Message] = []
    private var pages: [InspectorPage] = []
    /// Whether any page is open.
    private(set) var isWatched = false
    private var changed: Set<Int> = []
    private var newMessages = 0
    private var isPushing = false
    private var heartbeat: Timer?
    private var replays: [Int32: Replay] = [:]

    static let mostPages = 8
    private static let mostMessages = 200
    private static let mostReplays = 16
    /// How long changes collect before they are told. Nanoseconds.
    private static let moment: UInt64 = 50_000_000
    /// A page that hears nothing for longer knows that something is wrong.
    private static let heartbeatPeriod: UInt64 = 5_000_000_000

    /// - Parameters:
    ///   - lastEnd: how the worker before this one ended, as a sentence, if there was one.
    ///   - nameOf: tells how a process is called, by its pid; empty where it can't be known.
    public init(_ loop: EventLoop, lastEnd: String?, nameOf: @escaping (Int32) -> String) {
        self.loop = loop
        self.nameOf = nameOf
        if let lastEnd { say(.error, lastEnd) }
    }

    // MARK: What is told

    /// For the dispatcher, with each request while `isWatched`.
    func look(at exchange: Exchange, _ handler: Handler) {
        let caller = Caller(descriptor: exchange.descriptor)
        let item = InspectedExchange(
            exchange, number: history.nextNumber, from: caller, called: caller.pid.map(nameOf) ?? "", handler,
            replayOf: replays[exchange.descriptor]?.original, self)
        forget(history.add(item, bytes: item.size))
        exchange.show(to: item)
        changed(item)
    }

    func changed(_ item: InspectedExchange) {
        forget(history.resize(item.number, to: item.size))
        changed.insert(item.number)
        push()
    }

    func say(_ kind: Message.Kind, _ text: String, traceback: String = "") {
        messages.append(Message(kind: kind, time: Take.wallClock(), text: text, traceback: traceback))
        if messages.count > Inspector.mostMessages { messages.removeFirst() }
        newMessages += 1
        push()
    }

    func say(_ failure: ScriptFailure) { say(.error, failure.message, traceback: failure.traceback) }

    func clear() {
        forget(history.removeAll())
        push()
    }

    private func forget(_ items: [InspectedExchange]) {
        for item in items { item.forget() }
    }

    // MARK: Pages

    var isFull: Bool { pages.count >= Inspector.mostPages }

    func join(_ page: InspectorPage) {
        pages.append(page)
        isWatched = true
        if heartbeat == nil { beat() }
    }

    func leave(_ page: InspectorPage) {
        pages.removeAll { $0 === page }
        isWatched = !pages.isEmpty
        guard pages.isEmpty else { return }
        heartbeat?.cancel()
        heartbeat = nil
    }

    private func beat() {
        heartbeat = loop.schedule(after: Inspector.heartbeatPeriod) { [unowned self] in
            beat()
            for page in pages { page.beat() }
        }
    }

    private func push() {
        guard isWatched, !isPushing else { return }
        isPushing = true
        loop.schedule(after: Inspector.moment) { [weak self] in self?.pushNow() }
    }

    private func pushNow() {
        isPushing = false
        let exchanges = changed.sorted().compactMap { history[$0] }
        let text = InspectorJSON.changes(exchanges, messages.suffix(newMessages), self)
        let count = exchanges.count + newMessages
        changed = []
        newMessages = 0
        for page in pages { page.send(text, count: count) }
    }

    // MARK: Replays

    /// Sends a request again, through the handlers.
    /// - Returns: why it can't be; nil if it was.
    func replay(_ item: InspectedExchange) -> String? {
        guard let server else { return "The server has ended." }
        guard replays.count < Inspector.mostReplays else { return "\(Inspector.mostReplays) replays are under way already: wait for one to end." }
        do throws(Replay.Fault) {
            let replay = try Replay(of: item, loop) { [weak self] in self?.replays[$0.serverEnd] = nil }
            replays[replay.serverEnd] = replay
            server.serve(replay.serverEnd, isTCP: false)
            return nil
        } catch {
            return error.message
        }
    }
}
