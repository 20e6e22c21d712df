import EventLoop
import Glibc
import HTTP
import LuaRuntime
import Server
import Store

/// How scripts are run.
public struct ScriptingOptions {
    public var limits = Limits()
    /// Bytes of a body that a script reads whole.
    public var bodyLimit = 64 << 20
    /// The client does not see what went wrong in a script, only the log does.
    public var hidesErrors = false
    /// Headers and bodies go to the log as well.
    public var traces = false
    /// Whom requests over TCP are answered.
    public var tcpGuard = TCPGuard()
    /// What scripts may reach outside of their VM.
    public var grants = Grants()
    /// Where goes what no handler answers.
    public var upstream: Upstream?
    /// A line in the log for each request.
    public var logsRequests = true
    /// What came of all requests is told at the end.
    public var summarizes = false
    public var logStyle = LogStyle.plain
    /// The time that scripts see and sleep by; nil: the real one.
    var clock: ManualClock?
    /// Who the clients of a test are.
    var callers: TestCallers?
    /// Counts the lines that run.
    var coverage: Coverage?
    /// Handlers that stand in no file, by what is given in place of their paths.
    public var given: [String: [UInt8]] = [:]
    /// Handlers whose header names what no flag gives are not loaded.
    public var refusesNeeds = true
    /// What scripts keep beyond their own version's end.
    public var store = Store()
    /// Who looks on at what goes by, if anybody may.
    public var inspector: Inspector?
    /// Whom scripts have asked.
    public var servers = Servers()

    public init() {}
}

/// One loaded version of the handlers: a VM, and the files that it came from. Requests hold on to the version that they
/// began with; the last one to end takes it along.
public final class Handler {
    let paths: [String]
    let files: ScriptFiles
    let options: ScriptingOptions
    let loop: EventLoop
    let log: Log
    /// Counts the versions that took over, from 1.
    var version = 1
    /// Nanoseconds since 1970.
    let loadTime = Take.wallClock()
    /// Where goes what no handler answers; nil: nowhere.
    var upstream: Upstream? { options.upstream }
    var store: Store { options.store }
    var servers: Servers { options.servers }
    /// How many requests of scripts went to other servers.
    var askedCount = 0
    private var machine: VirtualMachine!
    /// Where bytes that answer a script stand until Lua has copied them.
    var answerBytes = ByteBuffer()
    private var spareConversations: [Conversation] = []
    private var isRetired = false
    /// Of a version that is a file of tests.
    private(set) weak var bench: TestBench?

    private init(_ paths: [String], _ options: ScriptingOptions, _ loop: EventLoop, _ log: Log, _ bench: TestBench?) {
        self.bench = bench
        self.paths = paths
        self.options = options
        self.loop = loop
        self.log = log
        files = ScriptFiles(options.grants, given: options.given)
    }

    /// Loads a version, in a fresh VM.
    /// - Parameters:
    ///   - paths: the handlers in the order of the chain.
    ///   - bench: where they are files of tests, what those ask for.
    /// - Returns: the version, or the first failure; and the files that the attempt read or looked for, in either case: a
    ///   change of any of them is worth another try.
    static func load(_ paths: [String], _ options: ScriptingOptions, _ loop: EventLoop, _ log: Log, for bench: TestBench? = nil) -> (result: Result<Handler, LoadFailure>, files: ScriptFiles) {
        let handler = Handler(paths, options, loop, log, bench)
        do throws(LoadFailure) {
            try handler.run()
            return (.success(handler), handler.files)
        } catch {
            return (.failure(error), handler.files)
        }
    }

    /// Why a version can't take over.
    enum LoadFailure: Error {
        case file(ScriptFiles.Fault)
        case script(ScriptFailure)
    }

    private func run() throws(LoadFailure) {
        do throws(ScriptFailure) {
            machine = try VirtualMachine(
                limits: options.limits, modules: bench == nil ? EmbeddedLua.modules : EmbeddedLua.testModules, version: DoggerVersion.number,
                hasUpstream: options.upstream != nil, hasClock: options.clock != nil, runsTests: bench != nil, coverage: options.coverage, host: self)
            if bench != nil { try TestBench.loadRunner(machine) }
        } catch {
            throw .script(error)
        }
        for (index, path) in paths.enumerated() {
            let (name, text): (String, ByteBuffer)
            do throws(ScriptFiles.Fault) {
                (name, text) = try files.handler(path)
                try checkNeeds(of: text, name, hasNext: index + 1 < paths.count)
            } catch {
                throw .file(error)
            }
            do throws(ScriptFailure) {
                try machine.load(name: name, text: text.readable)
            } catch {
                throw .script(error)
            }
        }
    }

    /// Refuses what says in its header that it needs what no flag gives.
    private func checkNeeds(of text: ByteBuffer, _ name: String, hasNext: Bool) throws(ScriptFiles.Fault) {
        do throws(SharingFault) {
            let needs = try Header(text.bytes).needs(name)
            let missing = needs.filter { !options.gives($0, hasNext: hasNext) }
            guard options.refusesNeeds, !missing.isEmpty else { return }
            throw SharingFault("\(name) needs what it was not given: add \(missing.map(\.flag).joined(separator: " "))")
        } catch {
            throw ScriptFiles.Fault(message: error.description)
        }
    }

    /// Bytes that the version's VM holds.
    public var memory: Int { machine.memory }

    /// Begins a request's way through the scripts.
    func handle(_ exchange: Exchange) {
        // Without a handler there is nobody to ask.
        if paths.isEmpty, let upstream, !Conversation.bodyArrivesSoon(exchange) {
            exchange.tellAnswered(by: "\(upstream.address)", asked: [])
            return ProxyHandler.forward(exchange, to: upstream)
        }
        guard let task = machine.takeTask() else {
            exchange.close()
            return
        }
        let conversation = spareConversations.popLast() ?? Conversation(self)
        conversation.begin(exchange, task)
    }

    func giveBack(_ conversation: Conversation) {
        if !isRetired, spareConversations.count < 64 { spareConversations.append(conversation) }
    }

    /// No request begins any more. Kept conversations hold on to their version, so from now on none are kept.
    func retire() {
        isRetired = true
        spareConversations = []
        files.whenNew = nil
    }
}

extension Handler: ScriptHost {
    public func answer(_ call: inout HostCall) -> HostReply {
        switch call.op {
        case .log where bench != nil:
            bench?.print(String(call.text))
            return .done
        case .log:
            let owner = call.task?.pointee.owner.map { Unmanaged<Conversation>.fromOpaque($0).takeUnretainedValue() }     // as below
            log.script(call.source.buffer, call.text.buffer, request: owner?.exchange?.id)
            if options.inspector != nil { show(call) }
            return .done
        case .findModule, .readModule, .readFile:
            answerFile(&call)
            return .done
        case .now:
            call.answer = .number(options.clock?.seconds ?? 0)
            return .done
        case .storeGet, .storeSet, .storeDelete, .storeReplace, .storeAdd, .storeKeys:
            answerStore(&call)
            return .done
        case .variable: return answerVariable(&call)
        default:
            guard let owner = call.task?.pointee.owner else {
                if let bench { return bench.answer(&call, nil) }
                return fail(&call, "this works only while a request is answered: not while a file is loaded, and not in a __close of a request that has failed or whose client is gone")
            }
            // The owner was set by the conversation itself, which lives until it has ended its task.
            return Unmanaged<Conversation>.fromOpaque(owner).takeUnretainedValue().answer(&call)
        }
    }

    /// A line of the log, beside the request that it is of.
    private func show(_ call: HostCall) {
        let text = String(call.source) + String(call.text)
        guard let owner = call.task?.pointee.owner else {
            options.inspector?.say(.log, text)
            return
        }
        // As above.
        Unmanaged<Conversation>.fromOpaque(owner).takeUnretainedValue().inspected?.note(.log, text)
    }

    private func answerFile(_ call: inout HostCall) {
        let text = String(call.text)
        do throws(ScriptFiles.Fault) {
            switch call.op {
            case .findModule:
                answerBytes.reset()
                answerBytes.append(try files.module(text, from: String(call.source)))
            case .readModule:
                answerBytes = try files.module(at: text)
            default:
                answerBytes = try files.file(text, from: String(call.source))
            }
            call.answer = .bytes(answerBytes.readable)
        } catch {
            _ = fail(&call, error.message)
        }
    }

    private func answerVariable(_ call: inout HostCall) -> HostReply {
        let name = String(call.text)
        guard options.grants.allows(env: name) else {
            return fail(&call, "env(\"\(name)\"): a script sees no variables but those that a flag grants: dogger run --allow-env \(ShellWord.quoted(name)) would grant it")
        }
        guard let value = getenv(name) else {
            call.answer = .none
            return .done
        }
        // Nobody changes the environment while scripts run, and Lua copies it.
        call.answer = .bytes(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        return .done
    }

    /// An error in the script, at the place of its call.
    func fail(_ call: inout HostCall, _ message: String, status: Int = 500) -> HostReply {
        call.answer = error(message, status: status)
        return .done
    }

    /// A text for the script; valid until the next one.
    func bytes(_ text: String) -> Answer {
        answerBytes.reset()
        answerBytes.append(text)
        return .bytes(answerBytes.readable)
    }

    func error(_ message: String, status: Int = 500) -> Answer {
        answerBytes.reset()
        answerBytes.append(message)
        return .error(answerBytes.readable, status: status)
    }
}

extension ByteBuffer {
    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
}
