import CDogger
import EventLoop
import Glibc

/// The line between the parent and its worker: a pair of sockets on which each message is one datagram, a byte for its kind
/// and then text.
final class Channel: EventSource {
    enum Kind: UInt8 {
        // What a worker tells when it has to end inside of a script; C sends these, see dogger_last_words.h.

        /// A script can't be stopped: a sentence that says where.
        case hung = 1
        /// The process crashed while it ran this line of a script.
        case crashed = 2

        // What else a worker tells its parent.

        case serving
        case reloaded
        /// The answer to `ping`.
        case alive
        /// It can't begin: a sentence that says why.
        case failed
        /// Files that its handlers are made of are where it has given up the right to read. It takes no connections until it
        /// hears `end` or `stay`.
        case keptOut

        // What the parent asks of its worker.

        /// Finish what is under way, and end; the text says when to cut it off, on CLOCK_MONOTONIC in nanoseconds, which both
        /// sides read alike.
        case end
        case reload
        /// Go on, for nobody takes over.
        case stay
        /// Answer, to show that the loop turns.
        case ping
    }

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let receive: (Kind, String) -> Void
    private let onEnd: () -> Void
    private var isOpen = true

    private static let longestText = 8 * 1024

    /// The two ends, to be given to `init`.
    static func makePair() throws(SystemError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("cannot make a pair of sockets") }
        return (ends[0], ends[1])
    }

    /// - Parameters:
    ///   - end: one of the ends; closed with the channel, and where this throws.
    ///   - onEnd: called on the loop when nobody holds the other end any more.
    ///   - receive: called on the loop for each message.
    init(
        _ loop: EventLoop, end: Int32, onEnd: @escaping () -> Void = {}, receive: @escaping (Kind, String) -> Void
    ) throws(SystemError) {
        self.loop = loop
        descriptor = Descriptor(owning: end)
        self.receive = receive
        self.onEnd = onEnd
        // First: an order to end must not wait for a thousand requests.
        try loop.add(end, .readable, self, first: true)
    }

    func send(_ kind: Kind, _ text: String = "") { Channel.send(kind, text, over: descriptor.number) }

    /// Sends over an end that is not on a loop.
    static func send(_ kind: Kind, _ text: String, over end: Int32) {
        let bytes = [kind.rawValue] + text.utf8.prefix(longestText)
        // An end that is gone, or does not read, is noticed elsewhere.
        _ = bytes.withUnsafeBytes { Glibc.send(end, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    func ready(_ events: Events) { drain() }

    /// Receives all that there is.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: Channel.longestText + 1)
        while isOpen {
            let count = recv(descriptor.number, &bytes, bytes.count, 0)
            if count > 0 {
                guard let kind = Kind(rawValue: bytes[0]) else { continue }
                receive(kind, String(decoding: bytes[1..<count], as: UTF8.self))
            } else if count < 0, errno == EAGAIN {
                return
            } else if count == 0 || errno != EINTR {
                close()
                onEnd()
            }
        }
    }

    /// Takes it off the loop; nothing is received any more.
    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.remove(descriptor.number)
    }
}
