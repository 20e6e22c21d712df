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
}
