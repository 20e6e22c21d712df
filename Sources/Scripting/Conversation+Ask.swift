import EventLoop
import HTTP
import LuaRuntime
import Server

/// require "dogger.http": what a script asks of other servers, while its own client waits.
extension Conversation {
    /// One such request, and its answer.
    struct Asked {
        /// Different for each of this version, so that no other request's object reads it.
        let number: Int
        let response: UpstreamExchange
        let url: String
        /// Nanoseconds that the server may take to answer, and then for each part of its body.
        let patience: UInt64
    }

    enum AskedPart { case head, chunk, body }

    func ask(_ call: inout HostCall) -> HostReply {
        guard call.may_wait else { return handler.fail(&call, Conversation.cannotWait) }
        guard let parts = call.forward?.pointee else { return handler.fail(&call, "this is not available here") }
        let text = String(call.text)
        let url: HTTPURL
        do throws(HTTPURL.Fault) { url = try HTTPURL(text) } catch { return handler.fail(&call, "http: \(error.message)") }
        guard handler.options.grants.allows(net: url.address) else {
            return handler.fail(&call, "http: \(text): a script asks no servers but those that a flag grants: dogger run \(Grants.flag(net: url.address)) would grant it")
        }
        let response = send(parts, url)
        handler.askedCount += 1
        let one = Asked(number: handler.askedCount, response: response, url: text, patience: UInt64(call.number * 1e9))
        asked.append(one)
        awaitPart(.head, one)
        return .wait
    }

    private func send(_ parts: ScriptForward, _ url: HTTPURL) -> UpstreamExchange {
        let headers = UnsafeBufferPointer(start: parts.headers, count: parts.header_count)
        var host = url.host, target = url.target
        return withUnsafeTemporaryAllocation(of: ResponseField.self, capacity: headers.count) { fields in
            var own: UnsafeRawBufferPointer?
            for (index, header) in headers.enumerated() {
                fields[index] = ResponseField(name: header.name.buffer, value: header.value.buffer)
                if KnownField(header.name.buffer) == .host { own = header.value.buffer }
            }
            let isEmpty = !parts.has_body && !["POST", "PUT", "PATCH"].contains(String(parts.method))
            let response = host.withUTF8 { host in
                target.withUTF8 { target in
                    handler.servers.at(url.address, handler.loop).send(
                        UpstreamRequest(
                            method: parts.method.buffer, target: UnsafeRawBufferPointer(target), host: own ?? UnsafeRawBufferPointer(host),
                            fields: UnsafeBufferPointer(fields), framing: isEmpty ? .none : .length(UInt64(parts.body.length))),
                        delegate: self)
                }
            }
            if parts.body.length > 0 {
                _ = response.write(parts.body.buffer)
                response.end()
            }
            return response
        }
    }

    /// What is there of the answer to the number in the call.
    func read(_ part: AskedPart, _ call: inout HostCall) -> HostReply {
        let number = Int(call.number)
        guard let one = asked.first(where: { $0.number == number }) else {
            return handler.fail(&call, "http: this answer came to another request, which is over, or goes on by itself: read it there")
        }
        if let answer = read(part, one) {
            call.answer = answer
            return .done
        }
        guard call.may_wait else { return handler.fail(&call, Conversation.cannotWait) }
        awaitPart(part, one)
        return .wait
    }

    private func awaitPart(_ part: AskedPart, _ one: Asked) {
        wait = .asked(part, one, handler.loop.schedule(after: one.patience) { [self] in
            one.response.close()
            resume(handler.error("http: \(one.url) did not answer within \(Double(one.patience) / 1e9) s: see what keeps it, or raise timeout"))
        })
    }

    /// Nil: not here yet.
    private func read(_ part: AskedPart, _ one: Asked) -> Answer? {
        if part == .head {
            let response = one.response
            return .upstream(ScriptUpstream(
                number: Int32(truncatingIfNeeded: one.number), status: Int32(response.status), upgraded: false,
                head: response.headBytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                fields: UnsafeRawPointer(response.fields.baseAddress)?.assumingMemoryBound(to: ScriptField.self),
                field_count: response.fields.count))
        }
        if part == .body, collectedNumber != -one.number {
            collectedNumber = -one.number
            collected.reset()
        }
        while true {
            switch one.response.readChunk() {
            case .bytes(let bytes):
                guard part == .body else { return .bytes(bytes) }
                guard collected.count + bytes.count <= handler.options.bodyLimit else {
                    one.response.close()
                    return handler.error("http: the answer of \(one.url) is larger than \(handler.options.bodyLimit) bytes: raise --body-limit, or read it with res:chunks()")
                }
                collected.append(bytes)
            case .end:
                // Of a raw stream only the reading is over.
                one.response.close()
                return part == .body ? .bytes(collected.readable) : Answer.none
            case .wait: return nil
            case .failed: return failure(one)
            }
        }
    }

    private func failure(_ one: Asked) -> Answer {
        let reason = one.response.failure?.message ?? "The server closed the connection."
        return handler.error("http: \(one.url): \(reason.replacing("The upstream ", with: "the server ", maxReplacements: 1))")
    }

    // MARK: What comes

    func askedDidAnswer(_ response: UpstreamExchange) {
        guard case .asked(.head, let one, let timer) = wait, one.response === response else { return }
        timer.cancel()
        if let answer = read(.head, one) { resume(answer) }
    }

    func askedCanRead(_ response: UpstreamExchange) {
        guard case .asked(let part, let one, let timer) = wait, one.response === response, part != .head else { return }
        timer.cancel()
        if let answer = read(part, one) { resume(answer) } else { awaitPart(part, one) }
    }

    func askedDidFail(_ response: UpstreamExchange) {
        guard case .asked(_, let one, let timer) = wait, one.response === response else { return }
        timer.cancel()
        resume(failure(one))
    }
}
