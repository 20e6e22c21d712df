import EventLoop
import Glibc
import HTTP

/// Answering.
extension Exchange {
    /// Answers with a whole body; the exchange has ended then.
    /// - Parameters:
    ///   - status: 200 to 999.
    ///   - fields: read during the call only. Date, Content-Length and Connection are written by the server; a Date of one's
    ///     own takes the place of the server's, `Connection: close` is honoured, and a Content-Length must be right.
    ///   - body: read during the call only. Not sent to HEAD, and not with 204 and 304.
    /// - Returns: why nothing was sent; nil if it was.
    public func respond(
        status: Int, fields: UnsafeBufferPointer<ResponseField>, body: UnsafeRawBufferPointer
    ) -> ResponseFault? {
        guard let connection else { return .ended }
        guard response == .none else { return .begun }
        var plan = ResponsePlan()
        if let fault = plan.check(status, fields) { return fault }
        let hasBody = !isHead && status != 204 && status != 304
        if hasBody, let said = plan.contentLength, said != UInt64(body.count) {
            return .wrongContentLength(said: said, body: UInt64(body.count))
        }
        let length: UInt64? =
            switch status {
            case 204: nil
            case 304: plan.contentLength
            default: plan.contentLength ?? UInt64(body.count)
            }
        connection.decideFate(closes: plan.closes)
        let output = connection.output.open()
        let start = output.count
        appendHead(to: output, connection, status, nil, fields, plan)
        if let length { output.appendContentLength(length) }
        appendEnd(to: output, connection)
        if witness != nil {
            tellAnswer(output, from: start)
            if hasBody { tell(answered: body) }
        }
        if hasBody { connection.write(body, chunked: false) }
        finish(connection)
        return nil
    }

    /// Passes on an interim answer (RFC 9110 section 15.2), such as 103 with its hints. The answer is still to be given.
    func inform(_ answer: WitnessedAnswer) {
        // A client of HTTP/1.0 would take it for the answer.
        guard let connection, response == .none, head.minorVersion > 0 else { return }
        let output = connection.output.open()
        output.appendStatusLine(answer.head.status, reason: answer.head.reason.bytes(in: answer.bytes))
        connection.skipBegunHead()
        RelayedFields.with(answer.fields, answer.bytes, keepsLength: false) { for field in $0 { output.appendField(field) } }
        output.appendEndOfHead()
        connection.touch()
    }

    /// Begins an answer whose body is written bit by bit. The head goes out with the first write, or at the end of the turn.
    /// - Parameters:
    ///   - status, fields: as `respond`. With a Content-Length, so many bytes have to be written; without one the body is chunked,
    ///     or for HTTP/1.0 goes up to the end of the connection.
    ///   - reason: the words after the status, without control bytes; nil for those that are usual.
    /// - Returns: why nothing was begun; nil if it was.
    public func begin(
        status: Int, reason: UnsafeRawBufferPointer? = nil, fields: UnsafeBufferPointer<ResponseField>
    ) -> ResponseFault? {
        guard let connection else { return .ended }
        guard response == .none else { return .begun }
        var plan = ResponsePlan()
        if let fault = plan.check(status, fields) { return fault }
        if isHead || status == 204 || status == 304 {
            response = .bodiless
        } else if let length = plan.contentLength {
            response = .fixed
            remaining = length
            announced = length
        } else {
            response = head.minorVersion == 0 ? .untilClose : .chunked
        }
        // Who pages through a log may pause for longer than any limit, at its end too.
        connection.isPatient = true
        connection.decideFate(closes: plan.closes || response == .untilClose)
        let output = connection.output.open()
        let start = output.count
        appendHead(to: output, connection, status, reason, fields, plan)
        if let length = plan.contentLength, status != 204 { output.appendContentLength(length) }
        if response == .chunked { output.appendChunkedFraming() }
        appendEnd(to: output, connection)
        if witness != nil { tellAnswer(output, from: start) }
        connection.touch()
        return nil
    }

    private func appendHead(
        to output: ByteBuffer, _ connection: Connection, _ status: Int, _ reason: UnsafeRawBufferPointer?,
        _ fields: UnsafeBufferPointer<ResponseField>, _ plan: ResponsePlan
    ) {
        if let reason { output.appendStatusLine(status, reason: reason) } else { output.appendStatusLine(status) }
        connection.skipBegunHead()
        if !plan.hasDate { output.appendDate(connection.server.date, at: connection.server.wallSeconds) }
        plan.append(fields, to: output)
    }

    private func appendEnd(to output: ByteBuffer, _ connection: Connection) {
        if connection.isLast {
            output.appendConnectionClose()
        } else if head.minorVersion == 0 {
            output.appendConnectionKeepAlive()
        }
        output.appendEndOfHead()
    }

    /// Sends bytes of a begun body, or after an upgrade raw ones. Small writes of one turn leave together.
    /// - Parameter bytes: read during the call only, and always taken whole, except with `.overrun` and `.closed`.
    public func write(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
        guard let connection, !connection.isCut else { return .closed }
        if let refusal = claim(bytes.count) { return refusal }
        if witness != nil { tell(answered: bytes) }
        connection.write(bytes, chunked: response == .chunked)
        return wrote(connection)
    }

    /// The same with several runs of bytes, which are one chunk where there are chunks.
    func write(_ runs: ByteRuns) -> WriteOutcome {
        guard let connection, !connection.isCut else { return .closed }
        if let refusal = claim(runs.byteCount) { return refusal }
        if witness != nil { runs.forEach { tell(answered: $0) } }
        connection.write(runs, chunked: response == .chunked)
        return wrote(connection)
    }

    /// - Returns: nil where so many bytes can be written.
    private func claim(_ count: Int) -> WriteOutcome? {
        switch response {
        case .none, .over:
            return .closed
        case .bodiless:
            return .ok
        case .fixed:
            guard UInt64(count) <= remaining else {
                abort()
                return .overrun
            }
            remaining -= UInt64(count)
        case .untilClose, .chunked:
            break
        }
        return nil
    }

    private func wrote(_ connection: Connection) -> WriteOutcome {
        connection.flushIfLarge()
        connection.output.closeIfEmpty()
        if connection.isCut { return .closed }
        connection.touch()
        guard connection.output.count > connection.server.options.highWater else { return .ok }
        waitsToWrite = true
        return .wait
    }

    /// Has the delegate told as after a `.wait`, where the client has not taken all that was written yet: for who would rather
    /// leave bytes where they are than have them copied.
    func waitsForClient() -> Bool {
        guard let connection, connection.output.isAbove(connection.server.options.lowWater) else { return false }
        waitsToWrite = true
        return true
    }

    /// Turns off the limits of how long the client may pause, up to the end of this exchange and of what is written for it.
    func becomePatient() { connection?.isPatient = true }

    /// Completes a begun answer; the exchange has ended then. After an upgrade it is `close()`.
    /// - Returns: with `wrongContentLength` fewer bytes were written than announced, and the connection is cut.
    @discardableResult
    public func end() -> ResponseFault? {
        guard let connection else { return .ended }
        switch response {
        case .none:
            abort()
        case .fixed where remaining > 0:
            let fault = ResponseFault.wrongContentLength(said: announced, body: announced - remaining)
            abort()
            return fault
        case .chunked:
            connection.output.open().appendLastChunk()
            finish(connection)
        case .fixed, .untilClose, .bodiless, .over:
            finish(connection)
        }
        return nil
    }

    /// Cuts the answer off, so that the client sees an error: it gets no last chunk, or fewer bytes than announced. The
    /// exchange has ended then.
    /// - Parameter reason: a sentence for whoever looks on.
    public func abort(_ reason: String = "the answer was cut off") {
        guard let connection else { return }
        if response == .untilClose { connection.resetOnClose() }
        detach(reason)
        connection.cut()
    }

    /// Ends a raw stream, both ways, after what was written is out. Where there is no upgrade it is `abort()`.
    public func close() {
        guard let connection, isUpgraded else {
            abort()
            return
        }
        finish(connection)
    }

    func finish(_ connection: Connection) {
        connection.exchangeEnded()
    }
}
