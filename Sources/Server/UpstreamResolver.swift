import CDogger
import EventLoop
import Glibc

/// Finds the addresses of a TCP upstream's host, without holding up the loop: the C library looks the name up on a thread of its
/// own, and a timer asks whether it is done.
final class UpstreamResolver {
    typealias Answer = Result<[SocketAddress], UpstreamFailure>

    private let loop: EventLoop
    private let address: UpstreamAddress
    private var waiting: [(Answer) -> Void] = []
    private var found: [SocketAddress] = []
    private var goodUntil: UInt64 = 0

    /// What was found is used again for so long: names move seldom.
    private static let lifetime: UInt64 = 10_000_000_000
    private static let poll: UInt64 = 2_000_000

    init(_ loop: EventLoop, _ address: UpstreamAddress) {
        self.loop = loop
        self.address = address
    }

    /// - Parameter then: called once; before this returns where the answer is known or takes no looking up.
    func resolve(_ then: @escaping (Answer) -> Void) {
        guard case .tcp(let host, let port) = address else { return then(.success([])) }
        if EventLoop.clock() < goodUntil { return then(.success(found)) }
        let numeric = SocketAddress.find(host, port, isNumeric: true)
        if !numeric.isEmpty {
            found = numeric
            goodUntil = .max
            return then(.success(numeric))
        }
        waiting.append(then)
        if waiting.count == 1 { wait(for: Lookup(host, port)) }
    }

    private func wait(for lookup: Lookup) {
        guard let code = lookup.result else {
            loop.schedule(after: UpstreamResolver.poll) { self.wait(for: lookup) }
            return
        }
        let addresses = code == 0 ? lookup.addresses : []
        let answer: Answer
        if addresses.isEmpty {
            answer = .failure(.unknownHost(address, reason: code == 0 ? "it has no address" : String(cString: gai_strerror(code))))
        } else {
            answer = .success(addresses)
            found = addresses
            goodUntil = EventLoop.clock() &+ UpstreamResolver.lifetime
        }
        let waiting = waiting
        self.waiting = []
        for then in waiting { then(answer) }
    }

    /// One lookup. The C library writes to its memory from another thread until it is done, so it goes only then: whoever waits
    /// for the result holds it.
    private final class Lookup {
        private let lookup: OpaquePointer?

        init(_ host: String, _ port: UInt16) { lookup = dg_lookup_start(host, String(port)) }

        deinit { if let lookup { dg_lookup_free(lookup) } }

        /// 0 or what gai_strerror(3) explains; nil while it is being looked up.
        var result: Int32? {
            guard let lookup else { return EAI_MEMORY }
            let code = dg_lookup_result(lookup)
            return dg_lookup_is_pending(code) != 0 ? nil : code
        }

        var addresses: [SocketAddress] { SocketAddress.all(lookup.flatMap { dg_lookup_addresses($0) }) }
    }
}
