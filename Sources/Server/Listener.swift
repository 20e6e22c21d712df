import CDogger
import EventLoop
import Glibc

/// A listening socket. It listens from its making on, so connections wait in its queue until a server takes them.
public final class Listener {
    /// Where it listens. Described as docker's `-H` takes it: `unix:///path`, `tcp://host:port`.
    public enum Address: Equatable, Sendable, CustomStringConvertible {
        case unix(path: String)
        case tcp(host: String, port: UInt16)

        public var description: String {
            switch self {
            case .unix(let path): "unix://\(path)"
            case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
            }
        }
    }

    /// The real address: the port that the kernel chose where 0 was asked for.
    public let address: Address
    /// Nonblocking and close-on-exec; -1 once closed.
    public private(set) var descriptor: Int32
    /// Whether another process may hold the same socket, so that what waits in its queue is not lost when this one closes.
    public let isShared: Bool
    private let file: UnixSocketFile?

    /// The kernel cuts it down to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    private init(address: Address, descriptor: Int32, file: UnixSocketFile?, isShared: Bool) {
        self.address = address
        self.descriptor = descriptor
        self.file = file
        self.isShared = isShared
    }

    deinit { close() }

    /// Listens on a Unix socket: a new file with mode 0600. A dead socket at the path is replaced; anything else refused.
    /// - Parameter path: at most 107 bytes.
    public static func unix(path: String) throws(ListenError) -> Listener {
        let (file, descriptor) = try UnixSocketFile.listen(at: path, backlog: backlog)
        return Listener(address: .unix(path: path), descriptor: descriptor, file: file, isShared: false)
    }

    /// Listens on TCP. Everybody who reaches the address may connect: there is no file with a mode here.
    /// - Parameters:
    ///   - host: an address, or a name, which is looked up now and blocks meanwhile.
    ///   - port: 0 for any free one.
    public static func tcp(host: String, port: UInt16) throws(ListenError) -> Listener {
        let given = Address.tcp(host: host, port: port).description
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else { throw .unknownHost(host, reason: String(cString: gai_strerror(result))) }
        defer { freeaddrinfo(list) }
        var failure = ListenError.unknownHost(host, reason: "it has no address")
        var next = list
        while let entry = next {
            do throws(ListenError) {
                let descriptor = try listen(on: entry.pointee, given)
                return try Listener(adopting: descriptor, isShared: false)
            } catch { failure = error }
            next = entry.pointee.ai_next
        }
        throw failure
    }

    /// Takes over a socket that listens already, as a parent or systemd hands it down. Its file, if any, stays when this is
    /// closed: it belongs to whoever made it.
    /// - Parameters:
    ///   - descriptor: closed with the listener; left open where this throws.
    ///   - isShared: whether somebody else will serve at it when this one is closed; if not, a server that drains first takes
    ///     in who waits.
    public convenience init(adopting descriptor: Int32, isShared: Bool = true) throws(ListenError) {
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening != 0,
            let address = Listener.address(of: descriptor)
        else { throw .notListening(descriptor) }
        do throws(SystemError) { try Descriptor.adopt(descriptor) } catch { throw .system(error) }
        self.init(address: address, descriptor: descriptor, file: nil, isShared: isShared)
    }

    /// Stops listening, and removes the socket's file if it is ours. Once is enough.
    public func close() {
        guard descriptor >= 0 else { return }
        // The file first: whoever comes now is told that nobody serves here, and isn't left in the queue of a dying socket.
        file?.remove()
        Glibc.close(descriptor)
        descriptor = -1
    }

    private static func listen(on entry: addrinfo, _ given: String) throws(ListenError) -> Int32 {
        let descriptor = try openSocket(entry.ai_family, entry.ai_protocol, "cannot make a socket for \(given)")
        // Without it a restart has to wait for the last connections' TIME_WAIT.
        var yes: Int32 = 1
        setsockopt(descriptor.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor.number, entry.ai_addr, entry.ai_addrlen) == 0,
            Glibc.listen(descriptor.number, backlog) == 0
        else {
            switch errno {
            case EADDRINUSE: throw .portInUse(given)
            case EACCES: throw .portForbidden(given)
            case EADDRNOTAVAIL: throw .notOurAddress(given)
            default: throw .system(SystemError("cannot listen on \(given)"))
            }
        }
        return descriptor.release()
    }

    /// Where a socket is bound: one that listens, or a connection that came in there.
    public static func address(of descriptor: Int32) -> Address? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Address? in
                guard getsockname(descriptor, address, &size) == 0 else { return nil }
                if Int32(address.pointee.sa_family) == AF_UNIX { return .unix(path: unixPath(address, size)) }
                return tcpAddress(address, size)
            }
        }
    }

    private static func unixPath(_ address: UnsafeMutablePointer<sockaddr>, _ size: socklen_t) -> String {
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(size)).dropFirst(offset)
        // An abstract name begins with NUL; it is shown the way that ss(8) and others write it.
        if bytes.first == 0 { return "@" + String(decoding: bytes.dropFirst(), as: UTF8.self) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func tcpAddress(_ address: UnsafeMutablePointer<sockaddr>, _ size: socklen_t) -> Address? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let flags = NI_NUMERICHOST | NI_NUMERICSERV
        guard getnameinfo(address, size, &host, socklen_t(host.count), &port, socklen_t(port.count), flags) == 0
        else { return nil }
        let text = { (bytes: [CChar]) in
            String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard let number = UInt16(text(port)) else { return nil }
        return .tcp(host: text(host), port: number)
    }
}
