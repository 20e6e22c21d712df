import HTTP
import Server

/// Who may ask over TCP. A Unix socket has a file with a mode; a TCP port is open to whatever runs on the machine, and that
/// includes every page in a browser: a page elsewhere can send requests here, or have a name of its own lead here (DNS
/// rebinding). Both show: the first in the Origin field (RFC 6454 section 7), the second in Host.
public struct TCPGuard {
    /// Answer any Host: for an address that others reach by names that are not known here.
    public var allowsAnyHost = false
    /// Origins whose pages may ask, as the Origin field has them: `http://localhost:3000`.
    public var origins: [String] = []

    public init() {}

    /// Why a request is not let in, and the status to say so with; nil where it is.
    func refusal(of exchange: Exchange) -> (status: Int, message: String)? {
        guard exchange.isTCP else { return nil }
        let bytes = exchange.headBytes
        if let slice = exchange.fields.firstValue(of: "origin", in: bytes) {
            let origin = String(decoding: slice.bytes(in: bytes), as: UTF8.self)
            guard origins.contains(origin) else {
                return (403, "This request comes from a page of \(origin), which is not allowed: dogger run --allow-origin \(origin) allows it.")
            }
        }
        let host = (exchange.head.authority ?? exchange.head.host).map { String(decoding: $0.bytes(in: bytes), as: UTF8.self) } ?? ""
        guard allowsAnyHost || TCPGuard.isLocal(host) else {
            return (421, "This server answers to localhost and loopback addresses only, not to the host \(host).")
        }
        return nil
    }

    /// A Host field's value that names this machine to itself; with or without a port.
    static func isLocal(_ host: String) -> Bool {
        if host.isEmpty || host.hasPrefix("[::1]") { return true }
        let name = host.prefix { $0 != ":" }.lowercased()
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
        return isLoopback || name == "localhost" || name.hasSuffix(".localhost")
    }
}
