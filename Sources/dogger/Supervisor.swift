import CDogger
import EventLoop
import Glibc
import Scripting
import Server

/// The parent: owns the sockets, and sees to it that a worker serves them. No script and no request comes here.
///
/// Life: `run` starts a worker, which loads the handlers and serves. A worker that ends without being asked has a successor
/// at once, or after a while when that happens too often; clients who connect meanwhile wait in the sockets' queues. `end`
/// closes the sockets here, so that nobody new comes, and has the worker finish.
final class Supervisor {
    let loop: EventLoop
    let log: Log
    private let plan: Service.Plan
    private var listeners: [Listener] = []
    private var inspection: Service.Inspection?
    /// How the last worker ended, for the page that shows what goes by.
    private var lastEnd: String?
    private let manager: ServiceManager?
    private var whenServing: () -> Void = {}
    private var worker: Worker?
    /// Takes over from the worker as soon as it serves.
    private var successor: Worker?
    /// Workers that somebody took over from, and that finish what is under way.
    private var leaving: [Worker] = []
    private var backoff = Backoff()
    private var nextStart: Timer?
    private var deadline: Timer?
    private var hasServed = false
    private var isEnding = false
    private var isUnanswered = false
    /// So that one that comes again and again is told once.
    private var lastFailure: String?
    private var result: Result<Int32, any Error> = .success(0)

    /// What a worker may take past its end, twice, before it is ended by force. In it fits a script that computes up to its limit.
    private static let patience: UInt64 = 1_000_000_000

    /// - Parameter manager: who is told how the service does.
    init(_ plan: Service.Plan, manager: ServiceManager? = nil) throws {
        self.plan = plan
        self.manager = manager
        loop = try EventLoop()
        log = Log(2, loop, plan.scripting.logStyle)
        // Whoever reads the log may go before us, as in `dogger run ... 2>&1 | head`; requests go on.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Adds a socket to those that are served. For the time before `run`.
    func listen(_ listener: Listener) throws {
        if let upstream = plan.upstream, upstream.isSame(as: listener) {
            listener.close()
            let other = if case .tcp = upstream { "--listen another port" } else { "--socket another path" }
            throw Failure("--upstream \(upstream) is the socket that dogger itself would serve on: requests would go round in a circle. Give \(other).")
        }
        listeners.append(listener)
    }

    /// Adds a page that shows what goes by. For the time before `run`.
    func inspect(at listener: Listener) { inspection = Service.Inspection(listener: listener, token: .make()) }

    /// Nobody new can connect from here on, and the sockets' files are gone.
    func closeListeners() {
        for listener in listeners { listener.close() }
        inspection?.listener.close()
    }

    /// Serves until `end`.
    /// - Parameter whenServing: called once on the loop, when the first worker serves.
    /// - Returns: the exit status.
    /// - Throws: `Failure` when the first worker does not come as far as that.
    func run(whenServing: @escaping () -> Void) throws -> Int32 {
        self.whenServing = whenServing
        loop.soon { [unowned self] in startWorker() }
        if let period = manager?.watchdog { watch(every: period / 2) }
        try loop.run()
        log.flush()
        return try result.get()
    }

    /// Has the handlers loaded anew.
    func reload() {
        manager?.reloading()
        if let worker {
            worker.reload()
        } else if let nextStart, nextStart.isPending {
            // What kept the last one from living may be mended.
            nextStart.cancel()
            startWorker()
        }
    }

    /// Lets requests under way finish, up to the grace; asked once more, cuts them off.
    func end() {
        if !isEnding { manager?.stopping() }
        let time = isEnding ? 0 : plan.grace
        let workers = leaving + [worker, successor].compactMap { $0 }
        for worker in workers { worker.end(by: EventLoop.clock() + time) }
        isEnding = true
        closeListeners()
        nextStart?.cancel()
        guard !workers.isEmpty else { return loop.stop() }
        deadline?.cancel()
        deadline = loop.schedule(after: time + Supervisor.patience) { [unowned self] in
            // Where the whole machine has stood still, both clocks have run out: the worker too gets a moment to see it.
            deadline = loop.schedule(after: Supervisor.patience) {
                for worker in workers { worker.kill(silence: time + 2 * Supervisor.patience) }
            }
        }
    }

    // MARK: The worker

    private func startWorker() {
        guard !isEnding else { return }
        do throws(SystemError) {
            worker = try makeWorker()
        } catch {
            succeed(.failed(error.description), after: 0, wasServing: false)
        }
    }

    private func makeWorker() throws(SystemError) -> Worker {
        try Worker(
            loop, asksForNames: inspection != nil,
            work: { [plan, listeners, inspection, lastEnd] in Service.live(plan, listeners, inspection, lastEnd: lastEnd, $0, names: $1) },
            onMessage: { [unowned self] in hear($0, $1) }, onEnd: { [unowned self] in workerEnded($0, $1) })
    }

    private func hear(_ teller: Worker, _ kind: Channel.Kind) {
        switch kind {
        case .keptOut where teller === worker && successor == nil && !isEnding: startSuccessor()
        case .serving where teller === successor && !isEnding: takeOver()
        case .serving where !isEnding:
            manager?.ready()
            lastFailure = nil
            if hasServed {
                say("dogger: serving again")
            } else {
                hasServed = true
                if let inspection { say("dogger: look on at \(inspection.address)") }
                whenServing()
                whenServing = {}        // it may hold this
                dg_give_back_code()     // most of it was for the start: the command line, the relocations
            }
        case .reloaded where !isEnding: manager?.ready()
        case .alive:
            isUnanswered = false
            manager?.alive()
        default: break
        }
    }

    private func workerEnded(_ ended: Worker, _ end: WorkerEnd) {
        if end != .finished { lastEnd = "\(end.description); this is the next worker" }
        let isSuccessor = ended === successor
        let wasLeaving = leaving.contains { $0 === ended }
        leaving.removeAll { $0 === ended }
        if isSuccessor { successor = nil }
        if ended === worker {
            isUnanswered = false
            worker = nil
        }
        if isEnding {
            finish(end, hadRequests: !isSuccessor)
        } else if wasLeaving {
            if end != .finished { say("dogger: \(end.description), and requests that were to finish broke off") }
        } else if isSuccessor {
            say("dogger: \(end.description); the last good version goes on serving")
            worker?.stay()
        } else if let next = successor {
            say("dogger: \(end.description); the requests in it broke off, and the next worker takes over")
            successor = nil
            worker = next
        } else {
            lastEnd = "\(end.description); this is the next worker"
            succeed(end, after: EventLoop.clock() - ended.start, wasServing: ended.isServing)
        }
    }

    /// A worker ended that was to.
    private func finish(_ end: WorkerEnd, hadRequests: Bool) {
        if end != .finished, hadRequests {
            say("dogger: \(end.description), and requests that were to finish broke off")
            result = .success(1)
        }
        guard worker == nil, successor == nil, leaving.isEmpty else { return }
        deadline?.cancel()
        loop.stop()
    }

    /// The files of the handlers are where the worker has no right to read; one that starts now gets that right.
    private func startSuccessor() {
        do throws(SystemError) {
            successor = try makeWorker()
        } catch {
            say("dogger: \(error.description); the last good version goes on serving")
            worker?.stay()
        }
    }

    private func takeOver() {
        if let worker {
            leaving.append(worker)
            worker.end(by: EventLoop.clock() + plan.grace)
        }
        worker = successor
        successor = nil
        isUnanswered = false
        say("dogger: reloaded \(plan.handlers.joined(separator: ", ")) in a new worker, for the old one had no right to read where the files are now")
    }

    /// Decides what comes after a worker.
    private func succeed(_ end: WorkerEnd, after lifetime: UInt64, wasServing: Bool) {
        guard hasServed else {
            let excerpt = if case .failed(_, let excerpt) = end { excerpt } else { "" }
            result = .failure(Failure(end.description, excerpt: excerpt))
            return loop.stop()
        }
        if case .hung = end, wasServing {
            // It is no faster than the time limit of scripts, so nothing is to be gained by a wait.
            say("dogger: \(end.description); its worker was ended with all requests in it, and the next one takes over")
            return startWorker()
        }
        let wait = backoff.wait(after: lifetime)
        if case .failed(let text, _) = end {
            if text != lastFailure { say("dogger: \(text); there is no version that could serve, so connections wait for one that loads") }
            lastFailure = text
        } else if wait == 0 {
            say("dogger: \(end.description); the requests in it broke off, and the next worker takes over")
        } else {
            say("dogger: \(end.description); \(backoff.crashes) in a row ended soon after their start, so the next one starts in \(readable(wait)), and connections wait")
        }
        if wait == 0 { startWorker() } else { nextStart = loop.schedule(after: wait) { [unowned self] in startWorker() } }
    }

    // MARK: The watchdog

    /// Tells the service manager that all is well as often as the worker's loop answers, and ends a worker that does not.
    private func watch(every period: UInt64) {
        if isUnanswered {
            isUnanswered = false
            worker?.kill(silence: period)
        } else if let worker, worker.isServing {
            isUnanswered = true
            worker.ping()
        }
        loop.schedule(after: period) { [unowned self] in watch(every: period) }
    }

    /// Says where it serves.
    func announce() {
        let what = plan.handlers.isEmpty ? "" : " " + plan.handlers.joined(separator: ", ")
        let behind = plan.upstream.map { " in front of \($0)" } ?? ""
        for listener in listeners { log.line("dogger: serving\(what)\(behind) on \(listener.address)") }
        log.flush()
    }

    /// At once, and even when the loop is not idle.
    private func say(_ text: String) {
        log.line(text)
        log.flush()
    }
}
