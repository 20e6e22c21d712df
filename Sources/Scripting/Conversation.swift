import EventLoop
import HTTP
import LuaRuntime
import Server

/// One exchange and the script that answers it: starts the script's coroutine, writes what it returns, and brings it what
/// it waits for. Used again for other exchanges of the same version, so that a request allocates nothing.
final class Conversation {
    enum Wait {
        case none, arrival(Timer), sleep(Timer), body, chunk, streamRead, drained, forward(Int), upstreamBody(Int), upstreamChunk(Int), tap
        case asked(AskedPart, Asked, Timer), test(TestWait)
    }

    let handler: Handler
    unowned(unsafe) var exchange: Exchange!     // alive until it has told `exchangeDidClose`, or is answered
    var task: ScriptTask!
    var wait = Wait.none
    /// The script has waited: the exchange calls back here, and holds on to this object.
    var isSuspended = false
    var hasBegun = false
    var isUpgraded = false
    private var isBodyLogged = false
    /// The requests that were forwarded, by the number that the script's response objects have.
    var relays: [Relay] = []
    /// Why one of them failed before it was sent.
    var relayFault: (status: Int, message: String)?
    /// The client's body went up with one of them.
    var isBodyGone = false
    /// A relay goes on with the exchange.
    var isRelayed = false
    var tap: Tap?
    /// What the script asked of other servers.
    var asked: [Asked] = []
    /// What was read of an upstream's body, and whose it is: the number of a relay, or below 0 that of what was asked.
    var collected = ByteBuffer()
    var collectedNumber = Conversation.noNumber
    private static let noNumber = Int.min
    let staged = UnsafeMutableBufferPointer<ResponseField>.allocate(capacity: 1026)
    private let fields = UnsafeMutableBufferPointer<ResponseField>.allocate(capacity: 1026)

    init(_ handler: Handler) { self.handler = handler }

    deinit {
        fields.deallocate()
        staged.deallocate()
    }

    // MARK: The way of a request

    func begin(_ exchange: Exchange, _ task: ScriptTask) {
        self.exchange = exchange
        self.task = task
        wait = .none
        isSuspended = false
        hasBegun = false
        isUpgraded = false
        isBodyLogged = false
        isRelayed = false
        isBodyGone = false
        task.owner = Unmanaged.passUnretained(self).toOpaque()
        if Conversation.bodyArrivesSoon(exchange) { awaitArrival() } else { start() }
    }

    private func start() {
        task.request = RequestView(exchange, bodyLimit: handler.options.bodyLimit)
        if let caller = handler.options.callers?[exchange.descriptor] { caller.tell(task) }
        proceed(task.start())
    }

    /// A small body comes with its head or right behind it. With it there, the script need not wait, and the log shows it
    /// whatever the script does.
    static func bodyArrivesSoon(_ exchange: Exchange) -> Bool {
        guard case .length(1...smallBody) = exchange.head.framing, !exchange.head.expectsContinue else { return false }
        return exchange.completeBody == nil
    }

    private static let smallBody: UInt64 = 16 * 1024
    /// Nanoseconds. A client may wait for an answer before it sends the body, however small.
    private static let arrivalTime: UInt64 = 20_000_000

    private func awaitArrival() {
        exchange.keepHead()
        exchange.delegate = self
        isSuspended = true
        wait = .arrival(handler.loop.schedule(after: Conversation.arrivalTime) { [self] in
            wait = .none
            start()
        })
        arrived()
    }

    /// A body that broke off is the script's to find out about.
    private func arrived() {
        if case .wait = exchange.readBody(limit: Int(Conversation.smallBody)) { return }
        if case .arrival(let timer) = wait { timer.cancel() }
        wait = .none
        if let body = exchange.completeBody { logBody(body) }
        start()
    }

    private func logBody(_ body: UnsafeRawBufferPointer) {
        guard handler.options.logsRequests, !handler.log.style.tellsEnds || handler.options.traces, !isBodyLogged, !body.isEmpty else { return }
        isBodyLogged = true
        handler.log.requestBody(body, whole: handler.options.traces)
    }

    func proceed(_ outcome: ScriptTask.Outcome) {
        switch outcome {
        case .responded(let response): respond(response)
        case .notMine(let touched): passOn(touched)
        case .waiting: suspend()
        case .streamed: finishStream()
        case .failed(let failure): fail(failure)
        }
    }

    /// No handler answers: the upstream does, or nobody.
    private func passOn(_ touched: Bool) {
        exchange.tellAnswered(by: handler.upstream.map { "\($0.address)" }, asked: handler.paths[...])
        guard let upstream = handler.upstream else { return answer(404, "page not found") }
        // What the script made of the request has to go on, and only the script's own way knows it.
        guard !touched else { return proceed(task.forward()) }
        isRelayed = true
        ProxyHandler.forward(exchange, to: upstream)
        end()
    }

    private func respond(_ response: ScriptResponse) {
        let fields = fields(of: response)
        tellAnswerer()
        if handler.options.traces { handler.log.traceResponse(response.body_kind == .upgrade ? 101 : Int(response.status), fields) }
        // Its body may be written while an upstream's is read.
        if !relays.isEmpty, response.body_kind != .upstream { exchange.delegate = self }
        switch response.body_kind {
        case .upstream:
            pass(response, fields)
        case .function:
            if let error = exchange.begin(status: Int(response.status), fields: fields) { return fail(refused(error)) }
            hasBegun = true
            // HEAD asks for the head alone; a function that streams without end would hold the connection up for nothing.
            if exchange.isHead { finishStream() } else { proceed(task.stream()) }
        case .upgrade:
            if let error = exchange.upgrade(fields: fields) { return fail(refused(error)) }
            hasBegun = true
            isUpgraded = true
            proceed(task.stream())
        default:
            if handler.options.traces { handler.log.traceBytes("<< ", response.body.buffer) }
            if let error = exchange.respond(status: Int(response.status), fields: fields, body: response.body.buffer) { return fail(refused(error)) }
            end()
        }
    }

    private func fields(of response: ScriptResponse) -> UnsafeBufferPointer<ResponseField> {
        var count = 0
        for header in UnsafeBufferPointer(start: response.headers, count: response.header_count) {
            fields[count] = ResponseField(name: header.name.buffer, value: header.value.buffer)
            count += 1
        }
        if response.is_message, response.body_kind != .upstream { count = withoutHopFields(self.fields, count) }
        if !response.has_content_type, let type = response.default_content_type {
            fields[count] = ResponseField(name: Conversation.contentType.bytes, value: UnsafeRawBufferPointer(start: type, count: Conversation.length(type)))
            count += 1
        }
        return UnsafeBufferPointer(rebasing: fields[..<count])
    }

    /// What the script returned is no HTTP: told with the line of the function that did.
    func refused(_ error: ResponseFault) -> ScriptFailure {
        let place = task.place
        return ScriptFailure(message: "\(place.isEmpty ? handler.paths.joined(separator: ", ") : place): the response can't be sent. \(error.message)")
    }

    private func finishStream() {
        if isUpgraded {
            exchange.close()
        } else if let fault = exchange.end() {
            let failure = refused(fault)
            handler.log.failure(failure, handler.files)
            inspected?.note(.error, failure.message)
        }
        end()
    }

    func fail(_ failure: ScriptFailure) {
        handler.log.failure(failure, handler.files)
        tellAnswerer()
        inspected?.note(.error, failure.message, traceback: failure.traceback)
        if isUpgraded {
            exchange.close()        // raw bytes have no end that could be missing; what was written still goes out
            end()
        } else if hasBegun {
            exchange.abort()
            end()
        } else {
            let isOwn = failure.status < 500
            answer(failure.status, handler.options.hidesErrors && !isOwn ? "the handler failed; the server's log says how" : failure.message)
        }
    }

    /// Docker's shape of an error, which its clients print.
    private func answer(_ status: Int, _ message: String) {
        if handler.options.traces { handler.log.line("< \(status) \(message)") }
        exchange.respond(status: status, message: message)
        end()
    }

    func end() {
        task.end()
        task = nil
        if isSuspended, !isRelayed { exchange.delegate = nil }
        for relay in relays { relay.cancel() }
        relays.removeAll(keepingCapacity: true)
        for one in asked { one.response.close() }
        asked.removeAll(keepingCapacity: true)
        tap?.limit?.cancel()
        tap = nil
        collected.reset()
        collectedNumber = Conversation.noNumber
        exchange = nil
        handler.giveBack(self)
    }

    // MARK: For who looks on

    /// What is kept of the exchange, where somebody looks on.
    var inspected: InspectedExchange? { exchange?.inspected }

    /// It is the last of the chain's handlers that were asked.
    private func tellAnswerer() {
        guard exchange.witness != nil, task.position > 0 else { return }
        exchange.tellAnswered(by: handler.paths[task.position - 1], asked: handler.paths.prefix(task.position))
    }

    // MARK: Waiting

    /// What waits must not point into what is gone when control goes back to the loop.
    func suspend() {
        isSuspended = true
        if case .forward = wait {} else if relays.allSatisfy(\.isUploaded) { exchange.delegate = self }
        keepHead()
    }

    func keepHead() {
        exchange.keepHead()
        task.rebase(head: exchange.headBytes.baseAddress!, fields: exchange.fields.baseAddress)
    }

    func resume(_ answer: Answer) {
        wait = .none
        proceed(task.resume(answer))
    }

    /// What the script asks of its own request. See `ScriptHost`.
    func answer(_ call: inout HostCall) -> HostReply {
        switch call.op {
        case .sleep:
            guard call.may_wait else { return handler.fail(&call, Conversation.cannotWait) }
            let time = UInt64(call.number * 1e9)
            let wake = { [self] in resume(.none) }
            wait = .sleep(handler.options.clock?.schedule(after: time, wake) ?? handler.loop.schedule(after: time, wake))
            return .wait
        case .body: return reply(&call, bodyAnswer(), .body)
        case .chunk: return reply(&call, chunkAnswer(), .chunk)
        case .streamRead: return reply(&call, chunkAnswer(), .streamRead)
        case .write, .streamWrite: return reply(&call, writeAnswer(call.text.buffer), .drained)
        case .forward: return forward(&call)
        case .ask: return ask(&call)
        case .askedBody: return read(.body, &call)
        case .askedChunk: return read(.chunk, &call)
        case .upstreamBody: return reply(&call, upstreamBody(Int(call.number)), .upstreamBody(Int(call.number)))
        case .upstreamChunk: return reply(&call, upstreamChunk(Int(call.number)), .upstreamChunk(Int(call.number)))
        case .tapNext: return reply(&call, tapAnswer(), .tap)
        case .tapWrite:
            tapWrite(call.text.buffer, toClient: call.to_client)
            call.answer = .yes
            return .done
        case .tapClose:
            tapClose(toClient: call.to_client)
            call.answer = .yes
            return .done
        case .streamClose:
            exchange.closeWrite()
            call.answer = .none
            return .done
        default:
            guard let bench = handler.bench else { return handler.fail(&call, "this is not available here") }
            return bench.answer(&call, self)
        }
    }

    private func reply(_ call: inout HostCall, _ answer: Answer?, _ wait: Wait) -> HostReply {
        if let answer {
            call.answer = answer
            return .done
        }
        guard call.may_wait else { return handler.fail(&call, Conversation.cannotWait) }
        self.wait = wait
        return .wait
    }

    static let cannotWait = "this has to wait, and nothing can wait here: not while the file is loaded, and not in a function that table.sort, string.gsub, store.update or a metamethod of theirs calls"

    /// Nil: not all of it is here yet.
    private func bodyAnswer() -> Answer? {
        switch exchange.readBody(limit: handler.options.bodyLimit) {
        case .complete(let bytes):
            if isSuspended { logBody(bytes) }
            return .bytes(bytes)
        case .wait: return nil
        case .tooLarge:
            return handler.error("the request's body is larger than \(handler.options.bodyLimit) bytes: raise --body-limit, or read it with req:chunks()", status: 413)
        case .failed(let failure): return handler.error(failure.message, status: failure.status)
        }
    }

    private func chunkAnswer() -> Answer? {
        switch exchange.readChunk() {
        case .bytes(let bytes):
            if handler.options.traces { handler.log.traceBytes(">> ", bytes) }
            return .bytes(bytes)
        case .end: return Answer.none
        case .wait: return nil
        case .failed(let failure): return handler.error(failure.message, status: failure.status)
        }
    }

    private func writeAnswer(_ bytes: UnsafeRawBufferPointer) -> Answer? {
        if handler.options.traces { handler.log.traceBytes("<< ", bytes) }
        return switch exchange.write(bytes) {
        case .ok: .yes
        case .wait: nil
        case .overrun: handler.error("more was written than the response's Content-Length says")
        case .closed: handler.error("nothing can be written any more: the response is over")
        }
    }

    private static let contentType: StaticString = "Content-Type"

    private static func length(_ text: UnsafePointer<CChar>) -> Int {
        var count = 0
        while text[count] != 0 { count += 1 }
        return count
    }
}

extension Conversation: ExchangeDelegate {
    func exchangeCanRead(_ exchange: Exchange) {
        switch wait {
        case .arrival: arrived()
        case .body: if let answer = bodyAnswer() { resume(answer) }
        case .chunk, .streamRead: if let answer = chunkAnswer() { resume(answer) }
        case .tap: if let answer = tapAnswer() { resume(answer) }
        default: break
        }
    }

    func exchangeCanWrite(_ exchange: Exchange) {
        if tap != nil { tapCanWrite(toClient: true) } else if case .drained = wait { resume(.yes) }
    }

    /// The client has gone: the script ends where it waits, its `<close>` variables run.
    func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason) {
        if reason == .clientGone, readsOn(exchange) { return }
        breakOff()
    }

    /// Ends the script where it waits.
    func breakOff() {
        switch wait {
        case .sleep(let timer), .arrival(let timer), .asked(_, _, let timer): timer.cancel()
        case .test(let wait): wait.cancel()
        default: break
        }
        end()
    }
}

extension RequestView {
    /// The request as the script's object reads it; valid as long as the exchange's head is.
    /// - Parameter bodyLimit: bytes; a larger body is not here for the script, which then learns why when it asks for it.
    init(_ exchange: Exchange, bodyLimit: Int) {
        self.init()
        let head = exchange.head
        self.head = exchange.headBytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        fields = UnsafeRawPointer(exchange.fields.baseAddress)?.assumingMemoryBound(to: ScriptField.self)
        field_count = exchange.fields.count
        method = ScriptSlice(head.method)
        target = ScriptSlice(head.target)
        path = ScriptSlice(head.path)
        if let query = head.query {
            self.query = ScriptSlice(query)
            has_query = true
        }
        descriptor = exchange.descriptor
        id = exchange.id
        if let body = exchange.completeBody, body.count <= bodyLimit {
            body_is_here = true
            self.body = .init(body)
        }
    }
}

extension ScriptSlice {
    init(_ slice: HTTP.Slice) { self.init(offset: slice.offset, length: slice.length) }
}

extension StaticString {
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
