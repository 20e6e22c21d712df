import EventLoop
import HTTP
import Testing

@testable import Server

/// A server that passes everything on to an upstream that the test plays: client, relay, upstream.
struct RelayFixture {
    let server: TestServer
    let upstream: FakeUpstream

    /// - Parameter forward: what the server does with a request.
    init(
        _ options: ServerOptions = ServerOptions(), tcp: Bool = false,
        forward: @escaping @Sendable (Exchange, Upstream) -> Void = { ProxyHandler.forward($0, to: $1) }
    ) throws {
        let fake = try FakeUpstream(tcp: tcp)
        upstream = fake
        let holder = UpstreamHolder(fake.address)
        server = try TestServer(options, tcp: tcp) { exchange in forward(exchange, holder.upstream(of: exchange)) }
    }

    /// Has a request passed on, and gives both ends.
    func forwarded(_ text: String, receiveBuffer: Int32? = nil) throws -> (client: Client, upstream: Client, head: String) {
        let client = try server.connect(receiveBuffer: receiveBuffer)
        client.send(text)
        let upstream = try upstream.accept()
        return (client, upstream, upstream.readHeadText())
    }
}

/// Made on the server's thread, where it is used.
private final class UpstreamHolder: @unchecked Sendable {
    // The server's thread's alone, but for the address, which is fixed.
    private let address: UpstreamAddress
    private var upstream: Upstream?

    init(_ address: UpstreamAddress) { self.address = address }

    func upstream(of exchange: Exchange) -> Upstream {
        if let upstream { return upstream }
        let made = Upstream(loop: exchange.connection!.server.loop, address: address)
        upstream = made
        return made
    }
}
