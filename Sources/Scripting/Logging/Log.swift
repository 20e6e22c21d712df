import Glibc
import LuaRuntime
import EventLoop

/// What dogger tells its user, line by line, on one descriptor (standard error).
///
/// Clients, upstreams and scripts have a part in nearly every line, and whoever looks on has a terminal: so what could move its
/// cursor is shown as an escape. A line that begins with a space belongs to the one above it, and only what is made here begins
/// otherwise, so that nobody's text looks like another line of the log.
///
/// Lines are buffered. On a terminal they go out at the end of the turn, for somebody reads them as they go by; elsewhere
/// when the loop is idle, so that a busy server has no system call a request for its log.
public final class Log {
    private let descriptor: Int32
    private let loop: EventLoop
    private let isTerminal: Bool
    let style: LogStyle
    private var pending: [UInt8] = []
    private var isScheduled = false
    private var lostLines = 0
    /// Takes the lines, in place of the descriptor.
    private var sink: ((String) -> Void)?

    private static let flushSize = 32 * 1024
    /// What a reader that does not read may cost; lines past it, and longer ones, are counted and dropped.
    private static let mostPending = 1 << 20
    /// How long to wait for a reader that lags, in nanoseconds.
    private static let patience: UInt64 = 100_000_000

    public init(_ descriptor: Int32, _ loop: EventLoop, _ style: LogStyle = .plain) {
        self.style = style
        self.descriptor = descriptor
        self.loop = loop
        isTerminal = Terminal.isTerminal(descriptor)
        pending.reserveCapacity(Log.flushSize + 4096)
    }

    /// A log whose lines go to a function, one by one.
    init(_ loop: EventLoop, sink: @escaping (String) -> Void) {
        descriptor = -1
        self.loop = loop
        isTerminal = false
        style = .plain
        self.sink = sink
    }

    /// Adds a line; the line feed is added here. What is behind a line feed inside is moved to the right.
    public func line(_ text: String) {
        var text = text
        text.withUTF8 { line(UnsafeRawBufferPointer($0)) }
    }

    /// The same of a line made of pieces, without a copy of its own.
    public func line(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0), _ third: UnsafeRawBufferPointer = .init(start: nil, count: 0), _ fourth: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
        guard style != .json else {
            var text = Array(first) + Array(second) + Array(third) + Array(fourth)
            if text.starts(with: Log.own) { text.removeFirst(Log.own.count) }
            return object(LogObject.message("info", text))
        }
        add(first.count + second.count + third.count + fourth.count) { lines in
            Printable.append(first, to: &lines, indent: Log.indent)
            Printable.append(second, to: &lines, indent: Log.indent)
            Printable.append(third, to: &lines, indent: Log.indent)
            Printable.append(fourth, to: &lines, indent: Log.indent)
        }
    }

    /// Spaces in front of what belongs to the line above.
    private static let indent = 2
    private static let own = Array("dogger: ".utf8)

    private func object(_ bytes: [UInt8]) { add(bytes.count) { $0 += bytes } }

    /// What is printable already: it has colours, or several lines of its own.
    private func printable(_ text: String) { add(text.utf8.count) { $0 += text.utf8 } }

    private func add(_ size: Int, _ append: (inout [UInt8]) -> Void) {
        if let sink {
            var line: [UInt8] = []
            append(&line)
            return sink(String(decoding: line, as: UTF8.self))
        }
        guard pending.count + size < Log.mostPending else {
            lostLines += 1
            return
        }
        append(&pending)
        pending.append(UInt8(ascii: "\n"))
        if pending.count >= Log.flushSize {
            flush()
        } else if !isScheduled {
            isScheduled = true
            if isTerminal { loop.soon(flushScheduled) } else { loop.whenIdle(flushScheduled) }
        }
    }

    private func flushScheduled() {
        isScheduled = false
        flush()
    }

    /// Writes what there is, as far as the reader takes it: a pipe that nobody empties must not stop the server.
    public func flush() {
        var sent = 0
        while sent < pending.count {
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard Glibc.poll(&poll, 1, 0) == 1 else { break }
            // A pipe that is ready takes this much without blocking (pipe(7)).
            let size = isTerminal ? pending.count - sent : min(pending.count - sent, Int(PIPE_BUF))
            let written = pending.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, size) }
            guard written > 0 else {
                if errno != EAGAIN, errno != EINTR { sent = pending.count }     // the reader is gone for good
                break
            }
            sent += written
        }
        if sent == pending.count { pending.removeAll(keepingCapacity: true) } else { pending.removeFirst(sent) }
        if !pending.isEmpty {
            guard !isScheduled else { return }
            isScheduled = true
            loop.schedule(after: Log.patience) { [self] in flushScheduled() }
        } else if lostLines > 0 {
            let lost = lostLines
            lostLines = 0
            line("dogger: \(lost) lines of the log were lost: too long, or nobody read them in time")
        }
    }
}

extension Log {
    /// The sentence; under it the script's line, for people who look on; and where the script itself failed, the calls that led there.
    /// - Parameter files: what the script came from.
    func failure(_ failure: ScriptFailure, _ files: ScriptFiles) {
        let hasTraceback = failure.status == 500 || failure.kind != .scriptError
        tell(failure.message, hasTraceback ? failure.traceback : "", files)
    }

    /// A sentence that may begin with a place in a script.
    func fault(_ message: String, _ files: ScriptFiles) { tell(message, "", files) }

    /// What keeps a file from being loaded, and for people its line.
    public func fault(_ fault: Reloader.StartError) {
        line(fault.message)
        if style != .plain, style != .json, !fault.excerpt.isEmpty { printable(fault.excerpt) }
    }

    private func tell(_ message: String, _ traceback: String, _ files: ScriptFiles) {
        let excerpt = style == .plain ? nil : files.excerpt(message)
        switch style {
        case .json:
            var more: [JSONNode.Member] = []
            if let excerpt { more += [.init("file", .text(excerpt.file)), .init("line", .number(Array("\(excerpt.number)".utf8))), .init("source", .text(excerpt.line))] }
            if !traceback.isEmpty { more.append(.init("traceback", .text(traceback))) }
            object(LogObject.message("error", Array(message.utf8), more))
        default:
            let text = Printable.text(message)
            printable(style == .aligned(colors: true) ? "\u{1B}[31mdogger:\u{1B}[0m \(text)" : "dogger: \(text)")
            if let excerpt { printable(excerpt.text(width: Terminal.width(descriptor))) }
            if !traceback.isEmpty { line(traceback) }
        }
    }

    /// What a script says: its own colours are not kept, for a client's might be among them.
    /// - Parameter place: `file:line: `.
    func script(_ place: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, request: UInt64?) {
        guard style == .json else { return line(place, text) }
        var more: [JSONNode.Member] = [.init("place", .string(Array(place.dropLast(place.count >= 2 ? 2 : 0))))]
        if let request { more.append(.init("request", .number(Array("\(request)".utf8)))) }
        object(LogObject.message("log", Array(text), more))
    }

    /// A request that has ended.
    func request(_ record: RequestRecord) {
        switch style {
        case .plain: break
        case .aligned(let colors): printable(RequestLine(record: record, width: Terminal.width(descriptor), colors: colors).text)
        case .json: object(LogObject.request(record))
        }
    }
}
