import HTTP

/// A request to send to an upstream. Everything it points to is read during `Upstream.send` only.
public struct UpstreamRequest {
    public var method: UnsafeRawBufferPointer
    /// As it is to stand in the request line: origin-form, or `*`.
    public var target: UnsafeRawBufferPointer
    /// The Host field; nil for the upstream's own name.
    public var host: UnsafeRawBufferPointer?
    /// As they came or as they were made. What concerns one connection only is left out (RFC 9110 section 7.6.1), and so are
    /// Host, Content-Length and Expect, which are written anew or answered here.
    public var fields: UnsafeBufferPointer<ResponseField>
    /// How the body is sent: anything but `.untilClose`.
    public var framing: BodyFraming
    /// The protocols to offer, as an Upgrade field's value.
    public var upgrade: UnsafeRawBufferPointer?

    public init(
        method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, host: UnsafeRawBufferPointer? = nil,
        fields: UnsafeBufferPointer<ResponseField> = UnsafeBufferPointer(start: nil, count: 0),
        framing: BodyFraming = .none, upgrade: UnsafeRawBufferPointer? = nil
    ) {
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields
        self.framing = framing
        self.upgrade = upgrade
    }

    /// Why it can't be sent: parts that would be read as another request, or as two. What a parser let through has no fault.
    public var fault: UpstreamFailure? {
        let get = ResponseField(name: method, value: target)
        // A method is a token, as a field's name is; a target has no control bytes, and no blanks.
        if ResponseError.check(get) != nil || target.isEmpty || target.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            return .badRequest("its method or its target holds a byte that is not allowed there, or is empty.")
        }
        if let host, host.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            return .badRequest("its host holds a byte that is not allowed there.")
        }
        if let upgrade, upgrade.contains(where: { $0 < 0x20 || $0 >= 0x7F }) {
            return .badRequest("its Upgrade field holds a byte that is not allowed there.")
        }
        for field in fields {
            if let error = ResponseError.check(field) { return .badRequest(error.message) }
        }
        if framing == .untilClose { return .badRequest("its body has no length and no chunks.") }
        return nil
    }

    /// Appends the whole head.
    func append(to output: ByteBuffer, defaultHost: UnsafeRawBufferPointer) {
        output.appendRequestLine(method: method, target: target)
        output.appendField(UnsafeRawBufferPointer(start: Self.hostName.utf8Start, count: 4), host ?? defaultHost)
        let filter = HopByHopFilter(fields)
        for index in 0..<fields.count {
            let field = fields[index]
            let known = KnownField(field.name)
            if known == .host || known == .contentLength || known == .expect || filter.drops(field.name, known) { continue }
            output.appendField(field)
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let length): output.appendContentLength(length)
        case .chunked: output.appendChunkedFraming()
        }
        if let upgrade { output.appendConnectionUpgrade(to: upgrade) }
        output.appendEndOfHead()
    }

    private static let hostName: StaticString = "Host"
}
