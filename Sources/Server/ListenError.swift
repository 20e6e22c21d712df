import EventLoop
import Glibc

/// Why an address can't be served at. Each description is a sentence that says what to do.
public enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    case pathEmpty
    case pathTooLong(String)
    case pathHasNull(String)
    case live(String)
    case notASocket(String, kind: String)
    case unclear(String, reason: String)
    case noDirectory(String)
    case directoryIsAFile(String)
    case noPermission(String, directory: String)
    case directoryLocked(String)
    case unknownHost(String, reason: String)
    case portInUse(String)
    case portForbidden(String)
    case notOurAddress(String)
    case notListening(Int32)
    case system(SystemError)

    public var description: String {
        switch self {
        case .pathEmpty:
            "the path of the socket is empty: name a file that does not exist yet"
        case .pathTooLong(let path):
            """
            the path of the socket has \(path.utf8.count) bytes, and the kernel takes \(UnixSocketFile.longestPath) at most: \
            choose a shorter one than \(path)
            """
        case .pathHasNull(let path):
            "the path of the socket holds a NUL byte: \(path.split(separator: "\0", maxSplits: 1).first ?? "")"
        case .live(let path):
            "somebody is serving at \(path) already: stop that server, or choose another path"
        case .notASocket(let path, let kind):
            "\(path) is \(kind) and not a socket, so it is left alone: choose another path, or remove it yourself"
        case .unclear(let path, let reason):
            """
            \(path) is a socket, and whether somebody serves there can't be found out (\(reason)): choose another path, or \
            remove it yourself
            """
        case .noDirectory(let directory):
            "the directory \(directory) does not exist: make it first (mkdir -p \(directory)), or choose another path"
        case .directoryIsAFile(let directory):
            "\(directory) is not a directory, so no socket can be made in it: choose another path"
        case .noPermission(let path, let directory):
            "no permission to make the socket \(path): choose a directory that you may write to, unlike \(directory)"
        case .directoryLocked(let directory):
            "another process holds a lock on \(directory), where the socket should be: try again, or choose another directory"
        case .unknownHost(let host, let reason):
            "the host '\(host)' to listen on can't be found (\(reason)): give an address of this machine, such as 127.0.0.1"
        case .portInUse(let address):
            "somebody is serving at \(address) already: stop that server, or choose another port (0 takes any free one)"
        case .portForbidden(let address):
            "no permission to listen on \(address): ports below 1024 are for root, choose a higher one"
        case .notOurAddress(let address):
            "\(address) is not an address of this machine: listen on 127.0.0.1, or on 0.0.0.0 for every address"
        case .notListening(let descriptor):
            "file descriptor \(descriptor) was handed over as a listening socket, but is none: check what started this process"
        case .system(let error):
            "\(error)"
        }
    }
}
