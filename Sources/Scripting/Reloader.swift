import EventLoop
import LuaRuntime

/// Keeps the dispatcher's version of the handlers that of the files: a save makes a new version, in a fresh VM, which takes
/// over when it has loaded. One that does not load is told, and the last good one goes on.
public final class Reloader {
    private let paths: [String]
    private let options: ScriptingOptions
    private let loop: EventLoop
    private let log: Log
    private let dispatcher: Dispatcher
    private var watcher: FileWatcher!
    private var missing: Timer?
    /// Called in place of a reload whose files this process has no right to read any more.
    public var whenKeptOut: () -> Void = {}

    /// A save by renaming leaves a gap without a file; only past this is it told as gone. Nanoseconds.
    private static let gap: UInt64 = 100_000_000

    /// Loads the first version.
    /// - Throws: `StartError` with a sentence for the user, when it does not load.
    public init(_ paths: [String], _ options: ScriptingOptions, _ loop: EventLoop, _ log: Log) throws(StartError) {
        self.paths = paths
        self.options = options
        self.loop = loop
        self.log = log
        let (result, files) = Handler.load(paths, options, loop, log)
        do throws(Handler.LoadFailure) {
            dispatcher = Dispatcher(try result.get(), log)
        } catch {
            throw StartError(error, files)
        }
        do throws(SystemError) {
            watcher = try FileWatcher(loop) { [unowned self] in reload(because: $0) }
        } catch {
            throw StartError(message: error.description)
        }
        follow(files)
    }

    /// The loop holds the watcher, and the watcher the loop, up to here.
    deinit { watcher?.close() }

    /// What answers requests.
    public var requestHandler: Dispatcher { dispatcher }

    /// What keeps the handlers from being served at all.
    public struct StartError: Error {
        /// One line, which is printable.
        public let message: String
        /// The line that the message names, with a mark under what it is about, for people; empty where there is none.
        public let excerpt: String

        init(message: String) {
            self.message = Printable.text(message)
            excerpt = ""
        }

        init(_ failure: Handler.LoadFailure, _ files: ScriptFiles? = nil) {
            let text = switch failure {
            case .file(let fault): fault.message
            case .script(let failure): failure.message
            }
            message = Printable.text(text)
            excerpt = files?.excerpt(text)?.text(width: Terminal.width(2)) ?? ""
        }
    }

    /// Loads each file by itself, for the faults in it.
    /// - Returns: the faults, in the order of the files.
    public static func check(_ paths: [String], _ options: ScriptingOptions, _ loop: EventLoop, _ log: Log) -> [StartError] {
        paths.compactMap { path in
            if path.hasSuffix(TestFiles.suffix) { return TestBench.fault(path, options, loop) }
            let (result, files) = Handler.load([path], options, loop, log)
            guard case .failure(let failure) = result else { return nil }
            return StartError(failure, files)
        }
    }

    /// Loads a new version although no file has changed.
    public func reload() { reload(because: []) }

    private func reload(because changed: [String]) {
        missing?.cancel()
        missing = nil
        let (result, files) = Handler.load(paths, options, loop, log)
        guard !files.isKeptOut else {
            whenKeptOut()
            return follow(files)
        }
        switch result {
        case .success(let handler):
            handler.version = dispatcher.handler.version + 1
            dispatcher.handler.retire()
            dispatcher.handler = handler
            let cause = changed.isEmpty ? "" : " (\(changed.map(shortened).joined(separator: ", ")) changed)"
            log.line("dogger: reloaded \(names)\(cause)")
            options.inspector?.say(.reload, "reloaded \(names)\(cause)")
        case .failure(.file(let fault)) where fault.isMissing:
            missing = loop.schedule(after: Reloader.gap) { [unowned self] in
                missing = nil
                log.line("dogger: \(fault.message); the last good version goes on serving")
                options.inspector?.say(.error, "\(fault.message); the last good version goes on serving")
            }
        case .failure(let failure):
            if case .script(let failure) = failure { log.failure(failure, files) } else { log.fault(StartError(failure).message, files) }
            log.line("dogger: the last good version of \(names) goes on serving")
            if let inspector = options.inspector {
                if case .script(let failure) = failure { inspector.say(failure) } else { inspector.say(.error, StartError(failure).message) }
                inspector.say(.reload, "the last good version of \(names) goes on serving")
            }
        }
        follow(files)
    }

    /// Watches what the last attempt was made of, and the version that serves. What changed between the reading and the watching
    /// is seen by its stamp.
    private func follow(_ files: ScriptFiles) {
        dispatcher.handler.files.whenNew = { [unowned self] in follow(files) }
        watcher.watch(Set(files.touched.keys).union(dispatcher.handler.files.touched.keys))
        if files.isStale { loop.soon { [self] in reload(because: files.touched.keys.sorted()) } }
    }

    private var names: String { paths.joined(separator: ", ") }

    /// A path as the user writes it, where it is below the current directory.
    private func shortened(_ path: String) -> String {
        let here = Path.absolute("")
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }
}
