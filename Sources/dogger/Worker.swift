import EventLoop
import Glibc

/// A worker as its parent sees it: a copy of the parent's process that serves requests. To be held until it has ended.
final class Worker {
    /// CLOCK_MONOTONIC in nanoseconds.
    let start = EventLoop.clock()
    /// It takes connections.
    fileprivate(set) var isServing = false

    private var process: ChildProcess!
    private var channel: Channel!
    private var names: CallerNames?
    private var lastWord: (kind: Channel.Kind, text: String)?
    private var wasAsked = false
    private var silence: UInt64?

    /// Starts one.
    /// - Parameters:
    ///   - asksForNames: it may ask how the processes are called that make requests.
    ///   - work: what it does, with its end of the channel and its end for names.
    ///   - onMessage: called on the loop with what it tells about its life, not about its end.
    ///   - onEnd: called once on the loop, when it has ended.
    init(
        _ loop: EventLoop, asksForNames: Bool, work: (Int32, Int32?) -> Never, onMessage: @escaping (Worker, Channel.Kind) -> Void,
        onEnd: @escaping (Worker, WorkerEnd) -> Void
    ) throws(SystemError) {
        let (ours, theirs) = try Channel.makePair()
        defer { close(theirs) }
        channel = try Channel(loop, end: ours) { [unowned self] kind, text in
            switch kind {
            case .failed, .hung, .crashed: lastWord = (kind, text)
            case .serving:
                isServing = true
                onMessage(self, kind)
            default: onMessage(self, kind)
            }
        }
        var question: Int32?
        defer { if let question { close(question) } }
        do throws(SystemError) {
            if asksForNames {
                let (answer, end) = try Channel.makePair()
                question = end
                names = try CallerNames(loop, end: answer)
            }
            process = try ChildProcess(loop, forking: { work(theirs, question) }) { [unowned self] status in
                channel.drain()
                channel.close()
                names?.close()
                onEnd(self, silence.map { .silent($0) } ?? WorkerEnd(status, lastWord: lastWord, wasAsked: wasAsked))
            }
        } catch {
            channel.close()
            names?.close()
            throw error
        }
    }

    /// Has it finish what is under way and end; asked once more, the earlier time counts.
    /// - Parameter time: when it cuts off what is left, on CLOCK_MONOTONIC in nanoseconds.
    func end(by time: UInt64) {
        wasAsked = true
        channel.send(.end, "\(time)")
    }

    /// After `keptOut`: go on.
    func stay() { channel.send(.stay) }

    func reload() { channel.send(.reload) }

    func ping() { channel.send(.ping) }

    /// Ends it by force.
    /// - Parameter silence: for how many nanoseconds it did not answer.
    func kill(silence: UInt64) {
        self.silence = silence
        process.send(SIGKILL)
    }
}
