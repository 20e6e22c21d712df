import HTTP
import LuaRuntime
import Server

/// req:forward(): the request goes up by a relay, which waits at the upstream's answer until the script has made up its mind:
/// to return it, and then the relay passes it on with no script between; or to read it, change it, or look at its bytes.
extension Conversation {
    // MARK: What the script asks for

    func forward(_ call: inout HostCall) -> HostReply {
        guard let upstream = handler.upstream, let changes = call.forward?.pointee else { return handler.fail(&call, "there is no upstream: start dogger with --upstream") }
        guard call.may_wait else { return handler.fail(&call, Conversation.cannotWait) }
        let takesBody = !changes.has_body && exchange.head.framing != .none
        guard !takesBody || !isBodyGone else {
            return handler.fail(&call, "the request's body went up with an earlier req:forward(): read req.body before, to send it again")
        }
        keepHead()
        let relay = Relay(exchange, delegate: self)
        relayFault = nil
        if let message = send(changes, on: relay, to: upstream) { return handler.fail(&call, message, status: 400) }
        if let fault = relayFault { return handler.fail(&call, fault.message, status: fault.status) }
        isBodyGone = isBodyGone || takesBody
        relays.append(relay)
        wait = .forward(relays.count - 1)
        return .wait
    }

    /// - Returns: why the request is not sent.
    private func send(_ changes: ScriptForward, on relay: Relay, to upstream: Upstream) -> String? {
        let head = exchange.head
        let bytes = exchange.headBytes
        let target = changes.target.start == nil ? nil : changes.target.buffer
        let path = target.map { UnsafeRawBufferPointer(rebasing: $0.prefix { $0 != UInt8(ascii: "?") }) } ?? head.path.bytes(in: bytes)
        if let fault = RelayTarget.fault(in: path) { return fault }
        let count = changes.headers_changed ? changes.header_count : exchange.fields.count
        withUnsafeTemporaryAllocation(of: ResponseField.self, capacity: count) { list in
            for index in 0..<count {
                if changes.headers_changed {
                    list[index] = ResponseField(name: changes.headers![index].name.buffer, value: changes.headers![index].value.buffer)
                } else {
                    let field = exchange.fields[index]
                    list[index] = ResponseField(name: field.name.bytes(in: bytes), value: field.value.bytes(in: bytes))
                }
            }
            ProxyHandler.withOriginForm(head, bytes) { original in
                let request = UpstreamRequest(
                    method: changes.method.start == nil ? head.method.bytes(in: bytes) : changes.method.buffer,
                    target: target ?? original, host: (head.authority ?? head.host)?.bytes(in: bytes),
                    fields: UnsafeBufferPointer(list),
                    framing: changes.has_body ? .length(UInt64(changes.body.length)) : head.framing,
                    upgrade: head.upgrade?.bytes(in: bytes))
                relay.start(upstream, request, body: changes.has_body ? changes.body.buffer : nil)
            }
        }
        return nil
    }

    /// The next run of the upstream's body; nil: not here yet.
    func upstreamChunk(_ number: Int) -> Answer? {
        guard let response = relays[number].response else { return Answer.none }
        switch response.readChunk() {
        case .bytes(let bytes): return .bytes(bytes)
        case .end: return Answer.none
        case .wait: return nil
        case .failed: return handler.error("the upstream's answer broke off: \(response.failure?.message ?? "the connection was closed")", status: 502)
        }
    }

    /// All that is left of the upstream's body; nil: not all here yet.
    func upstreamBody(_ number: Int) -> Answer? {
        guard let response = relays[number].response else { return .bytes(collected.readable) }
        if collectedNumber != number {
            collectedNumber = number
            collected.reset()
        }
        while true {
            switch response.readChunk() {
            case .bytes(let bytes):
                guard collected.count + bytes.count <= handler.options.bodyLimit else {
                    relays[number].cancel()
                    return handler.error("the upstream's answer is larger than \(handler.options.bodyLimit) bytes: raise --body-limit, or read it with res:chunks()", status: 502)
                }
                collected.append(bytes)
            case .end: return .bytes(collected.readable)
            case .wait: return nil
            case .failed: return handler.error("the upstream's answer broke off: \(response.failure?.message ?? "the connection was closed")", status: 502)
            }
        }
    }

    // MARK: What becomes of the answer

    /// The script returned the upstream's answer: it goes to the client, from here on without the script.
    func pass(_ response: ScriptResponse, _ fields: UnsafeBufferPointer<ResponseField>) {
        let relay = relays[Int(response.upstream)]
        let status = relay.response?.isUpgraded == true ? nil : Int(response.status)
        guard response.tapped else {
            // Before, so that its end is not told to a conversation that is over.
            relay.delegate = nil
            if let fault = relay.pass(status: status, fields: fields) {
                relay.cancel()
                return fail(refused(fault))
            }
            relays.removeAll { $0 === relay }
            isRelayed = true
            return end()
        }
        if let fault = relay.open(status: status, fields: fields, keepsLength: false) { return fail(refused(fault)) }
        hasBegun = true
        isUpgraded = relay.response?.isUpgraded ?? false
        tap = Tap(relay: relay, isClientDone: !isUpgraded)
        exchange.delegate = self
        relay.response?.delegate = self
        isSuspended = true
        proceed(task.stream())
    }

    /// A response with the headers of a message is framed anew: fields of that message's hop, and its length, stay behind.
    func withoutHopFields(_ fields: UnsafeMutableBufferPointer<ResponseField>, _ count: Int) -> Int {
        let all = UnsafeBufferPointer(rebasing: fields[..<count])
        let filter = HopByHopFilter(all)
        var kept = 0
        for field in all {
            let known = KnownField(field.name)
            // The filter reads Connection, which it drops itself: so nothing that it needs is overwritten before it is seen.
            if known == .contentLength || filter.drops(field.name, known) { continue }
            staged[kept] = field
            kept += 1
        }
        for index in 0..<kept { fields[index] = staged[index] }
        return kept
    }
}

extension Conversation: RelayDelegate {
    func relayDidAnswer(_ relay: Relay) {
        guard case .forward(let number) = wait, relays[number] === relay, let response = relay.response else { return }
        resume(.upstream(ScriptUpstream(
            number: Int32(number), status: Int32(response.status), upgraded: response.isUpgraded,
            head: response.headBytes.baseAddress?.assumingMemoryBound(to: CChar.self),
            fields: UnsafeRawPointer(response.fields.baseAddress)?.assumingMemoryBound(to: ScriptField.self),
            field_count: response.fields.count)))
    }

    func relayCanRead(_ relay: Relay) {
        switch wait {
        case .upstreamChunk(let number): if let answer = upstreamChunk(number) { resume(answer) }
        case .upstreamBody(let number): if let answer = upstreamBody(number) { resume(answer) }
        default: break
        }
    }

    func relayDidFail(_ relay: Relay, status: Int, message: String) {
        exchange.delegate = self
        switch wait {
        case .forward(let number), .upstreamChunk(let number), .upstreamBody(let number):
            if relays[number] === relay { resume(handler.error(message, status: status)) }
        default:
            // The script is still in its call, when the part of the body that is here already is no proper one.
            relayFault = (status, message)
        }
    }

    /// The client is gone.
    func relayDidEnd(_ relay: Relay, isComplete: Bool) {
        if !isComplete { exchangeDidClose(exchange, .clientGone) }
    }
}

/// Of a tapped answer, and of what the script asked of others.
extension Conversation: UpstreamDelegate {
    func upstreamDidAnswer(_ response: UpstreamExchange) { askedDidAnswer(response) }

    func upstreamCanRead(_ response: UpstreamExchange) {
        if case .tap = wait { if let answer = tapAnswer() { resume(answer) } } else { askedCanRead(response) }
    }

    func upstreamCanWrite(_ response: UpstreamExchange) {
        if response === tap?.relay.response { tapCanWrite(toClient: false) } else if case .drained = wait { resume(.yes) }
    }

    func upstreamDidFail(_ response: UpstreamExchange, _ failure: UpstreamFailure) {
        if case .tap = wait { if let answer = tapAnswer() { resume(answer) } } else { askedDidFail(response) }
    }
}
