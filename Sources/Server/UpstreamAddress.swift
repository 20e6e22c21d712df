/// Where an upstream listens. Described as docker's `-H` takes it: `unix:///path`, `tcp://host:port`.
public enum UpstreamAddress: Equatable, Sendable, CustomStringConvertible {
    case unix(path: String)
    /// An IPv6 address is without its brackets.
    case tcp(host: String, port: UInt16)

    /// The port of an engine without TLS, which docker's own clients take where `tcp://` names none.
    private static let dockerPort: UInt16 = 2375

    /// Reads `unix:///path`, `unix:path`, `/path`, `./path`, `tcp://host:port` and `http://host:port`.
    /// - Throws: `UpstreamAddressError`, a sentence about what is wrong.
    public static func parse(_ text: String) throws(UpstreamAddressError) -> UpstreamAddress {
        guard !text.isEmpty else { throw .empty }
        if text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../") { return try unix(text[...], text) }
        guard let colon = text.firstIndex(of: ":") else { throw .unclear(text) }
        let scheme = text[..<colon].lowercased()
        let rest = text[text.index(after: colon)...]
        switch scheme {
        case "unix":
            return try unix(rest.hasPrefix("//") ? rest.dropFirst(2) : rest, text)
        case "tcp", "http":
            guard rest.hasPrefix("//") else { throw .unclear(text) }
            return try tcp(rest.dropFirst(2), defaultPort: scheme == "tcp" ? dockerPort : 80, text)
        case "https", "ssh", "npipe", "fd":
            throw .unsupportedScheme(text, scheme: scheme)
        default:
            throw .unclear(text)
        }
    }

    private static func unix(_ path: Substring, _ text: String) throws(UpstreamAddressError) -> UpstreamAddress {
        guard !path.isEmpty else { throw .noPath(text) }
        guard !path.utf8.contains(0) else { throw .pathHasNull }
        guard path.utf8.count <= UnixSocketFile.longestPath else { throw .pathTooLong(String(path)) }
        return .unix(path: String(path))
    }

    private static func tcp(
        _ authority: Substring, defaultPort: UInt16, _ text: String
    ) throws(UpstreamAddressError) -> UpstreamAddress {
        var authority = authority
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.contains(where: { "/?#".contains($0) }) else { throw .hasPath(text) }
        guard !authority.contains("@") else { throw .hasUser(text) }
        let host: Substring
        let port: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw .malformedHost(text) }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let rest = authority[authority.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .malformedHost(text) }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts[0]
            port = parts.count > 1 ? parts[1] : nil
            guard port?.contains(":") != true else { throw .bareIPv6(text) }
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformedHost(text) }
        guard let port else { return .tcp(host: String(host), port: defaultPort) }
        guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else {
            throw .malformedPort(text)
        }
        return .tcp(host: String(host), port: number)
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        }
    }

    /// What a Host field says where the client named no host.
    var hostField: String {
        switch self {
        case .unix: "localhost"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
