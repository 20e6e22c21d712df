import Glibc

extension UpstreamAddress {
    /// Whether requests to this address would come back to `listener`: the same socket file, or the same port at an address of this
    /// machine that it listens at. With the same port, a host's name is looked up, which blocks.
    public func isSame(as listener: Listener) -> Bool {
        switch (self, listener.address) {
        case (.unix(let path), .unix(let own)):
            var one = stat()
            var other = stat()
            return stat(path, &one) == 0 && stat(own, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino
        case (.tcp(let host, let port), .tcp(let own, let ownPort)):
            guard port == ownPort, let own = SocketAddress.find(own, ownPort, isNumeric: true).first else { return false }
            return SocketAddress.find(host, port, isNumeric: false).contains { $0.leads(to: own) }
        default:
            return false
        }
    }
}
