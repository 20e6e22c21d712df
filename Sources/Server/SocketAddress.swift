import CDogger
import Glibc

/// An internet address with a port, as the kernel takes it.
struct SocketAddress: Equatable {
    private let bytes: [UInt8]

    init(_ address: UnsafePointer<sockaddr>, _ size: socklen_t) {
        bytes = [UInt8](UnsafeRawBufferPointer(start: address, count: Int(size)))
    }

    /// AF_INET or AF_INET6.
    var family: Int32 { withPointer { address, _ in Int32(address.pointee.sa_family) } }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
        }
    }

    /// The addresses of a host; none where it has none.
    /// - Parameter isNumeric: the host must be an address. Otherwise it may be a name, which is looked up now and blocks meanwhile.
    static func find(_ host: String, _ port: UInt16, isNumeric: Bool) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICSERV | (isNumeric ? AI_NUMERICHOST : 0)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return all(list)
    }

    /// Those of a list that getaddrinfo(3) gave.
    static func all(_ list: UnsafeMutablePointer<addrinfo>?) -> [SocketAddress] {
        var result: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr { result.append(SocketAddress(address, entry.pointee.ai_addrlen)) }
            next = entry.pointee.ai_next
        }
        return result
    }

    // MARK: Where it leads

    /// Whether who connects to it ends at a socket that listens at `listener`, if the ports are the same.
    func leads(to listener: SocketAddress) -> Bool {
        if listener.isAny {
            return (family == listener.family || listener.family == AF_INET6) && (isAny || isOfThisMachine)
        }
        // Who connects to no address in particular gets the loopback's.
        return isAny ? listener.isLoopback && listener.family == family : number == listener.number
    }

    /// Without the port, and for IPv6 without the scope.
    private var number: ArraySlice<UInt8> { family == AF_INET ? bytes[4..<8] : bytes[8..<24] }

    private var isAny: Bool { number.allSatisfy { $0 == 0 } }

    private var isLoopback: Bool { number.elementsEqual([127, 0, 0, 1]) || number.elementsEqual([UInt8](repeating: 0, count: 15) + [1]) }

    /// Only to an address of one of the machine's interfaces a socket can be bound.
    private var isOfThisMachine: Bool {
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var portless = bytes
        portless[2...3] = [0, 0]
        return SocketAddress(portless).withPointer { bind(descriptor, $0, $1) } == 0
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }
}
