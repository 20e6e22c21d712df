import HTTP

/// Somebody looks on at what the client sends and what it gets.
extension Exchange {
    /// Has a witness see all that goes by, up to the exchange's end: heads and bytes as they are on the wire, but for the framing of
    /// bodies. For `RequestHandler.handle`, before anything is read or answered.
    public func show(to witness: any Witness) {
        self.witness = witness
        isBodyTold = false
        if let body = completeBody { tell(whole: body) }
    }

    // MARK: What the client sends

    /// - Parameter body: all that is left of it.
    func tell(whole body: UnsafeRawBufferPointer) {
        guard let witness, !isBodyTold else { return }
        isBodyTold = true
        if !body.isEmpty { witness.witnessed(body, .up) }
        witness.witnessedEnd(of: .up)
    }

    func tell(chunk bytes: UnsafeRawBufferPointer) {
        if !isBodyTold || isUpgraded { witness?.witnessed(bytes, .up) }
    }

    func tellEndOfInput() {
        guard !isBodyTold || isUpgraded else { return }
        isBodyTold = true
        witness?.witnessedEnd(of: .up)
    }

    /// What has come of a body that nobody read.
    private func tellLeftBody(_ connection: Connection) {
        guard !isBodyTold, !isUpgraded else { return }
        let bytes = connection.input.unread.prefix(connection.body.plainCount)
        if !bytes.isEmpty { witness?.witnessed(UnsafeRawBufferPointer(rebasing: bytes), .up) }
    }

    // MARK: What it gets

    /// - Parameter start: where the answer's head begins in what is being written.
    func tellAnswer(_ output: ByteBuffer, from start: Int) {
        guard let witness else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: output.readable[start...])
        // What a script may set is more than what an upstream may send.
        var parser = ResponseParser(limits: HeadLimits(bytes: Int(Int32.max), fields: .max))
        parser.reset(answering: ResponseParser.Request(isHead: isHead, offersUpgrade: true))
        // It was written a moment ago, by us.
        guard parser.parse(bytes) == .complete else { return }
        witness.witnessed(WitnessedAnswer(head: parser.head, bytes: bytes, fields: parser.fields, isUpgraded: isUpgraded))
    }

    func tell(answered bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { witness?.witnessed(bytes, .down) }
    }

    // MARK: The end

    func tellComplete(_ connection: Connection) {
        guard let witness else { return }
        tellLeftBody(connection)
        if response != .over { witness.witnessedEnd(of: .down) }
        tellOver(isComplete: true, nil)
    }

    func tellOver(isComplete: Bool, _ failure: String?) {
        guard let witness else { return }
        self.witness = nil
        witness.witnessedOver(isComplete: isComplete, failure)
    }
}
