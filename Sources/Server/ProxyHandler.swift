import HTTP

/// A transparent proxy: sends each request on to an upstream as it came.
public final class ProxyHandler: RequestHandler {
    private let upstream: Upstream

    public init(_ upstream: Upstream) { self.upstream = upstream }

    public func handle(_ exchange: Exchange) { ProxyHandler.forward(exchange, to: upstream) }

    public func refused(_ error: HTTPError, descriptor: Int32) {}

    /// Sends a request on and passes the answer back, see `Relay`. A path that could be read in two ways is answered with 400, a
    /// failure of the upstream's with 502 and a message that names it.
    /// - Parameters:
    ///   - exchange: not answered, and within `RequestHandler.handle` or with its head kept.
    ///   - delegate, witness: of the relay.
    public static func forward(
        _ exchange: Exchange, to upstream: Upstream, delegate: (any RelayDelegate)? = nil, witness: (any Witness)? = nil
    ) {
        let bytes = exchange.headBytes
        let head = exchange.head
        if let message = RelayTarget.fault(in: head.path.bytes(in: bytes)) {
            exchange.respond(status: 400, message: message)
            return
        }
        let fields = exchange.fields
        withUnsafeTemporaryAllocation(of: ResponseField.self, capacity: fields.count) { list in
            for index in 0..<fields.count {
                list[index] = ResponseField(name: fields[index].name.bytes(in: bytes), value: fields[index].value.bytes(in: bytes))
            }
            withOriginForm(head, bytes) { target in
                let request = UpstreamRequest(
                    method: head.method.bytes(in: bytes), target: target,
                    host: (head.authority ?? head.host)?.bytes(in: bytes), fields: UnsafeBufferPointer(list),
                    framing: head.framing, upgrade: head.upgrade?.bytes(in: bytes))
                Relay(exchange, delegate: delegate, witness: witness).startParsed(upstream, request)
            }
        }
    }

    /// RFC 9112 section 3.2.1: the target without scheme and authority, and with a path.
    /// - Parameter body: called once, during this call, with the target in its form for a request to the origin server.
    public static func withOriginForm(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard head.authority != nil else { return body(head.target.bytes(in: bytes)) }
        let target = head.target.range
        let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(head.path.offset)..<target.upperBound])
        guard head.path.length == 0 else { return body(rest) }
        let isOptions = head.method.bytes(in: bytes).elementsEqual("OPTIONS".utf8)
        let buffer = ByteBuffer()
        buffer.append(isOptions && rest.isEmpty ? "*" : "/")
        buffer.append(rest)
        withExtendedLifetime(buffer) { body(buffer.readable) }
    }
}
