import EventLoop
import Server

/// The servers that scripts have asked, each with its connections, which all versions of the handlers share.
public final class Servers {
    private var known: [Upstream] = []
    /// Past so many, those without a connection are forgotten: a script may ask any number of servers.
    private static let most = 64

    public init() {}

    func at(_ address: UpstreamAddress, _ loop: EventLoop) -> Upstream {
        if let server = known.first(where: { $0.address == address }) { return server }
        if known.count >= Servers.most { known.removeAll { $0.connectionCount == 0 } }
        let server = Upstream(loop: loop, address: address)
        known.append(server)
        return server
    }
}
