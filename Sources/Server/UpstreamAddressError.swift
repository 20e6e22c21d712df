/// Why a text is no upstream's address. Each description is a sentence that says what to do.
public enum UpstreamAddressError: Error, Equatable, Sendable, CustomStringConvertible {
    case empty
    case unclear(String)
    case unsupportedScheme(String, scheme: String)
    case noPath(String)
    case pathHasNull
    case pathTooLong(String)
    case hasPath(String)
    case hasUser(String)
    case malformedHost(String)
    case bareIPv6(String)
    case malformedPort(String)

    public var description: String {
        switch self {
        case .empty:
            "the upstream's address is empty: give the path of its socket, such as /var/run/docker.sock"
        case .unclear(let text):
            """
            '\(text)' is no address of an upstream: give the path of a socket (/var/run/docker.sock), unix:///path or \
            tcp://host:port
            """
        case .unsupportedScheme(let text, let scheme):
            switch scheme {
            case "https": "'\(text)' needs TLS, which is not spoken here: let a TLS proxy such as stunnel stand between"
            case "ssh":
                """
                '\(text)' is reached over ssh: forward its socket first (ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST), \
                and give /tmp/engine.sock
                """
            default: "'\(text)' can't be an upstream: give the path of a Unix socket, or tcp://host:port"
            }
        case .noPath(let text):
            "'\(text)' names no socket: give its path, such as unix:///var/run/docker.sock"
        case .pathHasNull:
            "the path of the upstream's socket holds a NUL byte, so there can be no such file: check where it comes from"
        case .pathTooLong(let path):
            """
            the path of the upstream's socket has \(path.utf8.count) bytes, and the kernel takes \(UnixSocketFile.longestPath) \
            at most: make a symbolic link with a shorter name to \(path)
            """
        case .hasPath(let text):
            "'\(text)' has a path after its port: an upstream is a host and a port only, such as tcp://127.0.0.1:2375"
        case .hasUser(let text):
            "'\(text)' has a user name in it, which an upstream's address can't have: leave out everything up to the @"
        case .malformedHost(let text):
            "'\(text)' names no host: write tcp://host:port, with an IPv6 address in brackets"
        case .bareIPv6(let text):
            "'\(text)' has more than one colon: write an IPv6 address in brackets, tcp://[::1]:2375"
        case .malformedPort(let text):
            "'\(text)' has no port from 1 to 65535 after its last colon"
        }
    }
}
