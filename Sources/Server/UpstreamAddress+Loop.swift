import Glibc

extension UpstreamAddress {
    /// Whether requests to this address would come back to `listener`: the same socket file, or the same port of this machine.
    public func isSame(as listener: Listener) -> Bool {
        switch (self, listener.address) {
        case (.unix(let path), .unix(let own)):
            var one = stat()
            var other = stat()
            return stat(path, &one) == 0 && stat(own, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino
        case (.tcp(let host, let port), .tcp(let own, let ownPort)):
            return port == ownPort && (host == own || Self.isLocal(host) && Self.isLocal(own))
        default:
            return false
        }
    }

    private static func isLocal(_ host: String) -> Bool {
        host == "localhost" || host.hasPrefix("127.") || host == "::1" || host == "0.0.0.0" || host == "::"
    }
}
