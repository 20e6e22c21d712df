import Glibc

/// The addresses of a TCP upstream that are still to be tried.
struct UpstreamCandidates {
    private var rest: ArraySlice<SocketAddress> = []
    /// Why the last one that was tried is none.
    var lastCode = EADDRNOTAVAIL

    init() {}
    init(_ addresses: [SocketAddress]) { rest = addresses[...] }

    mutating func next() -> SocketAddress? { rest.popFirst() }
    mutating func release() { rest = [] }
}
