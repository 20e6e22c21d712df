import EventLoop
import HTTP
import Server

/// Stands in front of an upstream and records what goes by: as a tape, a Lua file that plays it, and as an HTTP Archive. What goes
/// by is not changed and not held up: the recorder only watches the relay.
///
/// The files are written after each exchange, so that a crash loses little; a recording that has become long is written less often,
/// so that the writing takes little of the time.
public final class Recorder: RequestHandler {
    /// What is recorded, and where to.
    public struct Plan {
        public var tape: String
        public var archive: String?
        /// The command that is recorded, if one is.
        public var command: [String]
        /// The bytes of each body that are kept, of either direction.
        public var bodyLimit: Int

        public init(tape: String, archive: String?, command: [String], bodyLimit: Int) {
            self.tape = tape
            self.archive = archive
            self.command = command
            self.bodyLimit = bodyLimit
        }
    }

    private let upstream: Upstream
    private let log: Log
    private let tapeFile: RecordedFile
    private let archiveFile: RecordedFile?
    private let bodyLimit: Int
    private var tape: Tape
    private var archive = HARArchive()
    private var begun = 0
    private var timer: Timer?
    /// When the files may be written again, on the loop's clock.
    private var nextWrite: UInt64 = 0
    private var isFailing = false

    /// Writing takes at most one part in so many of the time.
    private static let writingShare: UInt64 = 20

    /// - Throws: with a sentence, where a file can't be written.
    public init(_ plan: Plan, _ upstream: Upstream, _ log: Log) throws(RecordingFault) {
        self.upstream = upstream
        self.log = log
        bodyLimit = plan.bodyLimit
        tapeFile = try RecordedFile(plan.tape, mark: Tape.mark)
        if let path = plan.archive { archiveFile = try RecordedFile(path, mark: HARArchive.mark) } else { archiveFile = nil }
        let command = plan.command.isEmpty ? nil : Recorder.shown(plan.command)
        tape = Tape(Tape.Title(
            begin: Take.wallClock(), upstream: ShellWord.quoted(upstream.address.description), command: command,
            file: ShellWord.quoted(plan.tape)))
        try write(isLast: false)
    }

    public func handle(_ exchange: Exchange) {
        guard !tape.isFull, !archive.isFull else {
            if tape.missed == 0 { log.line("dogger: the tape is full; what comes now goes by and is not recorded") }
            tape.missed += 1
            return ProxyHandler.forward(exchange, to: upstream)
        }
        begun += 1
        let take = Take(exchange, number: begun, limit: bodyLimit) { [unowned self] in add($0) }
        ProxyHandler.forward(exchange, to: upstream, witness: take)
    }

    public func refused(_ error: HTTPError, descriptor: Int32) {
        log.line("dogger: a request was refused with \(error.status): \(error.message)")
    }

    private func add(_ take: Take) {
        tape.add(take)
        if archiveFile != nil { archive.add(take) }
        guard timer == nil else { return }
        let now = EventLoop.clock()
        timer = upstream.loop.schedule(after: nextWrite > now ? nextWrite - now : 0) { [unowned self] in
            timer = nil
            do throws(RecordingFault) { try write(isLast: false) } catch { fail(error) }
        }
    }

    private func fail(_ error: RecordingFault) {
        // Once: a full disk stays full.
        if !isFailing { log.line("dogger: \(error.description)") }
        isFailing = true
    }

    private func write(isLast: Bool) throws(RecordingFault) {
        let start = EventLoop.clock()
        defer {
            let end = EventLoop.clock()
            nextWrite = end + (end - start) * (Recorder.writingShare - 1)
        }
        try tapeFile.write(tape.text, isLast: isLast)
        if let archiveFile { try archiveFile.write(archive.text, isLast: isLast) }
        isFailing = false
    }

    /// Writes the files for the last time: after the server has drained.
    /// - Returns: a sentence that says what was recorded.
    public func finish() throws(RecordingFault) -> String {
        timer?.cancel()
        timer = nil
        try write(isLast: true)
        let what = tape.count == 1 ? "1 exchange" : "\(tape.count) exchanges"
        return "recorded \(what) in \(tapeFile.path); dogger run \(ShellWord.quoted(tapeFile.path)) plays the tape"
    }

    /// The words of a command that say what it does. What follows may hold anything, a password too.
    private static func shown(_ command: [String]) -> String {
        let words = command.prefix(3).prefix { !$0.hasPrefix("-") }
        return words.map(ShellWord.quoted).joined(separator: " ") + (words.count < command.count ? " ..." : "")
    }
}
