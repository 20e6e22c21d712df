import CDogger
import EventLoop
import Glibc
import HTTP
import LuaRuntime
import Server
import Store

/// Where one file of tests runs: its VM, the handlers that it loads, each with a VM and a server of its own, and the clients and
/// fake upstreams that the tests make. All of them speak HTTP over pairs of sockets on one loop, so that what a client would be
/// told in earnest, a test is told too.
final class TestBench {
    let loop: EventLoop
    let clock = ManualClock()
    private let options: ScriptingOptions
    private let serverOptions: ServerOptions
    private let coverage: Coverage?
    private let callers = TestCallers()
    private(set) var tests: Handler!
    private var server: Server!
    /// Nil: it was of a test that is over. A number is never used again, for a script may have kept it.
    private var chains: [Chain?] = []
    private var clients: [TestClient?] = []
    /// What the handlers have written to their log during the test, line by line; and what the test itself has printed.
    private(set) var logged: [String] = []
    private(set) var printed: [String] = []
    private var log: Log!
    /// The files that the tests and the handlers were made of.
    private(set) var touched: [ScriptFiles] = []
    /// Goes up with whatever a test does.
    private(set) var activity = 0

    private struct Chain {
        var handler: Handler
        var server: Server
    }

    /// Loads a file of tests.
    /// - Parameters:
    ///   - options: the limits.
    ///   - coverage: counts the lines of handlers.
    init(_ path: String, _ options: ScriptingOptions, _ serverOptions: ServerOptions, _ coverage: Coverage?, _ loop: EventLoop) throws(Reloader.StartError) {
        self.loop = loop
        self.options = options
        self.serverOptions = serverOptions
        self.coverage = coverage
        log = Log(loop) { [unowned self] in logged.append($0) }
        var own = options
        own.logsRequests = false
        own.clock = clock
        own.callers = callers
        // What goes wrong in a test is its result, and nothing for a log.
        let (result, files) = Handler.load([path], own, loop, Log(loop) { _ in }, for: self)
        touched.append(files)
        do throws(Handler.LoadFailure) {
            tests = try result.get()
        } catch {
            throw Reloader.StartError(error)
        }
        server = Server(loop: loop, options: serverOptions, handler: Dispatcher(tests, log))
    }

    /// What keeps a file of tests from being loaded; nil where it loads, with the handlers that it loads meanwhile.
    static func fault(_ path: String, _ options: ScriptingOptions, _ loop: EventLoop) -> Reloader.StartError? {
        do throws(Reloader.StartError) {
            try TestBench(path, options, ServerOptions(), nil, loop).close()
            return nil
        } catch {
            return error
        }
    }

    /// The first thing in the VM of tests: what the file of tests, loaded after it, tells its tests to.
    static func loadRunner(_ machine: VirtualMachine) throws(ScriptFailure) {
        let text: StaticString = "return require 'dogger.test.runner'"
        try machine.load(name: "dogger.test", text: text.bytes)
    }

    /// Ends all that is left.
    func close() {
        endTest(keeping: (0, 0))
        server?.drain(grace: 0) {}
    }

    // MARK: One test after the other

    /// How many handlers and clients there are: what a test adds ends with it.
    var mark: (chains: Int, clients: Int) { (chains.count, clients.count) }

    func beginTest() {
        logged = []
        printed = []
    }

    func print(_ text: String) { printed.append(text) }

    func endTest(keeping mark: (chains: Int, clients: Int)) {
        for index in clients.indices.dropFirst(mark.clients) {
            clients[index]?.exchange.close()
            clients[index] = nil
        }
        for index in chains.indices.dropFirst(mark.chains) {
            chains[index]?.server.drain(grace: 0) {}
            chains[index] = nil
        }
    }

    /// What the tests' clients wait for.
    var purposes: [String] { clients.compactMap { $0?.wait?.purpose } }

    // MARK: Connections

    /// A client of the tests' own VM.
    func dialTests() -> Int32 { dial(server, TestCaller()) }

    private func dial(_ server: Server, _ caller: TestCaller) -> Int32 {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return -1 }
        callers[ends[1]] = caller
        server.serve(ends[1])
        return ends[0]
    }

    // MARK: What tests ask for

    /// - Parameter conversation: the test that runs; nil while the file is loaded.
    func answer(_ call: inout HostCall, _ conversation: Conversation?) -> HostReply {
        activity += 1
        switch call.op {
        case .testLoad: return load(&call)
        case .testSend: return send(&call, conversation)
        case .testLogs:
            return reply(&call, logged.map { $0 + "\n" }.joined())
        case .testSetClock:
            clock.epoch += call.number - clock.seconds
            call.answer = .yes
            return .done
        case .testAnswer, .testChunk, .testArrived, .testWrite, .testEnd, .testClose:
            return ask(&call, conversation)
        default:
            return tests.fail(&call, "this is not available in a test")
        }
    }

    private func reply(_ call: inout HostCall, _ text: String) -> HostReply {
        call.answer = tests.bytes(text)
        return .done
    }

    private func load(_ call: inout HostCall) -> HostReply {
        let source = String(call.source)
        let paths = String(call.text).split(separator: "\0").map { Path.relative(String($0), to: source) }
        let service = Int(call.number)
        var own = options
        own.logsRequests = false
        own.clock = clock
        own.callers = callers
        own.coverage = coverage
        // Each has a store of its own, in memory. What else a handler needs, it finds out when it asks for it.
        own.store = Store()
        own.refusesNeeds = false
        if service > 0 {
            own.upstream = Upstream(loop: loop, address: .unix(path: "t.upstream")) { [unowned self] in
                dial(server, TestCaller(service: service))
            }
        }
        let (result, files) = withDeadlinePaused { Handler.load(paths, own, loop, log) }
        touched.append(files)
        switch result {
        case .success(let handler):
            chains.append(Chain(handler: handler, server: Server(loop: loop, options: serverOptions, handler: Dispatcher(handler, log))))
            call.answer = .number(Double(chains.count))
            return .done
        case .failure(let failure):
            return fail(&call, Reloader.StartError(failure).message)
        }
    }

    /// The file of tests may be loading, so that there is no version of it yet to keep the message.
    private func fail(_ call: inout HostCall, _ message: String) -> HostReply {
        failure.reset()
        failure.append(message)
        call.answer = .error(failure.readable)
        return .done
    }

    private var failure = ByteBuffer()

    private func send(_ call: inout HostCall, _ conversation: Conversation?) -> HostReply {
        guard conversation != nil else {
            return fail(&call, "requests are made in a test, or in setup, before_each and the like: while the file is loaded nothing can wait for an answer")
        }
        let number = Int(call.number)
        guard chains.indices.contains(number - 1), let server = chains[number - 1]?.server, let forward = call.forward else {
            return fail(&call, "this handler was loaded in a test that is over: load it anew, or in setup")
        }
        let caller = TestCaller(peer: call.peer?.pointee)
        let upstream = Upstream(loop: loop, address: .unix(path: "dogger.test")) { [unowned self] in dial(server, caller) }
        clients.append(TestClient(tests, upstream, forward.pointee))
        call.answer = .number(Double(clients.count))
        return .done
    }

    private func ask(_ call: inout HostCall, _ conversation: Conversation?) -> HostReply {
        let number = Int(call.number)
        guard let conversation, clients.indices.contains(number - 1), let client = clients[number - 1] else {
            return fail(&call, "this belongs to a test that is over")
        }
        let answer: Answer?
        let purpose: String
        switch call.op {
        case .testAnswer: (answer, purpose) = (client.answer(), "the answer to \(client.line)")
        case .testChunk: (answer, purpose) = (client.chunk(), "more of the answer to \(client.line)")
        case .testWrite: (answer, purpose) = (client.write(call.text.buffer), "the handler to read what \(client.line) sends")
        case .testArrived: (answer, purpose) = (client.arrived(), "")
        case .testEnd:
            client.exchange.end()
            (answer, purpose) = (.yes, "")
        default:
            client.exchange.close()
            (answer, purpose) = (.yes, "")
        }
        if let answer {
            call.answer = answer
            return .done
        }
        guard call.may_wait else { return tests.fail(&call, Conversation.cannotWait) }
        let place = String(call.source)
        let wait = TestWait(conversation, place.isEmpty ? purpose : "\(place) waits for \(purpose)")
        client.suspend(wait)
        conversation.wait = .test(wait)
        return .wait
    }
}
