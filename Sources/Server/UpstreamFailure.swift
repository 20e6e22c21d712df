import EventLoop
import Glibc
import HTTP

/// Why an upstream gave no answer, or not all of it.
public enum UpstreamFailure: Error, Equatable, Sendable {
    // No connection could be made.
    case noSocket(UpstreamAddress)
    case notASocket(UpstreamAddress)
    case refused(UpstreamAddress)
    case forbidden(UpstreamAddress)
    case connectTimedOut(UpstreamAddress)
    case unknownHost(UpstreamAddress, reason: String)
    case noConnection(UpstreamAddress, SystemError)
    // What was to be sent can't be.
    case badRequest(String)
    /// `end()` came before as many bytes as were announced.
    case requestCutShort
    // The connection was there.
    case closedBeforeAnswer(UpstreamAddress)
    /// It ended in the middle of the answer.
    case truncated(UpstreamAddress)
    case malformed(UpstreamAddress, HTTPError)
    /// 101 came while the request's body was still being sent.
    case earlyUpgrade(UpstreamAddress)
    /// A raw stream's other side is gone, so that nothing can be written any more. All that it sent was read.
    case gone(UpstreamAddress)

    /// What a connect(2) has failed with.
    static func connecting(to address: UpstreamAddress, _ code: Int32) -> UpstreamFailure {
        switch code {
        case ENOENT, ENOTDIR: .noSocket(address)
        case ENOTSOCK, EPROTOTYPE: .notASocket(address)
        case ECONNREFUSED:
            // Of a file that is no socket, connect(2) says the same as of a socket without a server.
            isOtherFile(address) ? .notASocket(address) : .refused(address)
        case EACCES, EPERM: .forbidden(address)
        case ETIMEDOUT: .connectTimedOut(address)
        default: .noConnection(address, SystemError("cannot connect to \(address)", code: code))
        }
    }

    private static func isOtherFile(_ address: UpstreamAddress) -> Bool {
        guard case .unix(let path) = address else { return false }
        var status = Glibc.stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFSOCK
    }

    /// What to answer to the client that waits.
    public var status: Int {
        switch self {
        case .connectTimedOut: 504
        case .badRequest, .requestCutShort: 500
        default: 502
        }
    }

    /// A sentence that names the address and says what to do.
    public var message: String {
        switch self {
        case .noSocket(let address):
            "The upstream \(address) can't be reached: there is no such socket. Is the engine running, and is this its path?"
        case .notASocket(let address):
            "The upstream \(address) can't be reached: that file is not a stream socket. Give the path of the engine's socket."
        case .refused(let address):
            switch address {
            case .unix:
                "The upstream \(address) can't be reached: the socket is there, but nobody serves it. Start the engine."
            case .tcp: "The upstream \(address) can't be reached: nobody listens there. Is the engine running, on that port?"
            }
        case .forbidden(let address):
            switch address {
            case .unix:
                """
                The upstream \(address) can't be reached: this user has no permission to use the socket. Join its group (for \
                Docker's: usermod -aG docker USER, then log in again), or run as root with sudo.
                """
            case .tcp: "The upstream \(address) can't be reached: the system forbids it. Look at its firewall's rules."
            }
        case .connectTimedOut(let address):
            "The upstream \(address) did not take the connection in time. Is it overloaded, or is a firewall in between?"
        case .unknownHost(let address, let reason):
            "The upstream \(address) can't be reached: its host's name was not found (\(reason)). Check its spelling."
        case .noConnection(let address, let error):
            switch error.code {
            case EMFILE, ENFILE:
                "The upstream \(address) can't be reached: too many files are open. Raise the limit (ulimit -n)."
            default: "The upstream \(address) can't be reached: \(SystemError.reason(error.code))."
            }
        case .badRequest(let reason):
            "The request can't be sent on: \(reason)"
        case .requestCutShort:
            "The request's body ended before the length that was announced to the upstream."
        case .closedBeforeAnswer(let address):
            "The upstream \(address) closed the connection before it answered. Look at its log."
        case .truncated(let address):
            "The upstream \(address) closed the connection in the middle of its answer. Look at its log."
        case .malformed(let address, let error):
            "The upstream \(address) gave an answer that can't be read safely: \(error.message)"
        case .earlyUpgrade(let address):
            "The upstream \(address) switched protocols before it had the whole request."
        case .gone(let address):
            "The upstream \(address) closed the connection."
        }
    }
}
