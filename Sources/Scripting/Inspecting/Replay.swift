import EventLoop
import Glibc
import HTTP
import Server

/// Sends the request of an exchange again: on one end of a pair of sockets, of which the server gets the other as a client's
/// connection. What comes back is dropped here, for the exchange is looked at as all are.
final class Replay: EventSource {
    struct Fault: Error {
        var message: String
    }

    let original: InspectedExchange
    /// To be given to the server, which closes it.
    let serverEnd: Int32
    private let loop: EventLoop
    private let end: Descriptor
    private var unsent: [UInt8]
    /// What the client sent on its raw stream, for when there is one.
    private var raw: [UInt8]?
    private var timer: Timer?
    private var isOpen = true
    private let whenOver: (Replay) -> Void

    /// Streams without end are cut off. Nanoseconds.
    private static let longest: UInt64 = 30_000_000_000

    /// - Parameter whenOver: called once on the loop.
    init(of item: InspectedExchange, _ loop: EventLoop, whenOver: @escaping (Replay) -> Void) throws(Fault) {
        let take = item.take
        guard take.sentBody.endTime != nil || take.isUpgraded else { throw Fault(message: "The request's body is not all here, so it can't be sent again.") }
        guard !take.sentBody.isCut, !(take.isUpgraded && take.up.isCut) else {
            throw Fault(message: "Of what the client sent only the first \(InspectedExchange.bodyLimit >> 10) KiB were kept, so it can't be sent again.")
        }
        original = item
        self.loop = loop
        self.whenOver = whenOver
        unsent = Replay.request(take)
        raw = take.isUpgraded ? take.up.bytes : nil
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Fault(message: SystemError("cannot make a pair of sockets").description) }
        end = Descriptor(owning: ends[0])
        serverEnd = ends[1]
        do throws(SystemError) { try loop.add(ends[0], [.readable, .writable], self) } catch {
            close(serverEnd)
            throw Fault(message: error.description)
        }
        timer = loop.schedule(after: Replay.longest) { [weak self] in self?.finish() }
    }

    func ready(_ events: Events) {
        if events.contains(.readable) { receive() }
        if isOpen, events.contains(.writable) { flush() }
        if isOpen, !events.isDisjoint(with: [.hungUp, .failed]) { receive() }
    }

    private func receive() {
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(end.number, &bytes, bytes.count, 0)
            if count > 0 {
                becomeRaw(bytes.prefix(count))
            } else if count < 0, errno == EAGAIN {
                return
            } else if count == 0 || errno != EINTR {
                return finish()
            }
        }
    }

    /// The raw stream may begin when the answer's head says so, for a server that says something else would take it for a request.
    private func becomeRaw(_ answer: ArraySlice<UInt8>) {
        guard let raw else { return }
        self.raw = nil
        guard answer.starts(with: "HTTP/1.1 101".utf8) || original.take.status == 200 && answer.starts(with: "HTTP/1.1 200".utf8) else { return }
        unsent += raw
        flush()
        if isOpen, unsent.isEmpty { shutdown(end.number, Int32(SHUT_WR)) }
    }

    private func flush() {
        while !unsent.isEmpty {
            let count = send(end.number, unsent, unsent.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { finish() }
                return
            }
            unsent.removeFirst(count)
        }
        do throws(SystemError) { try loop.change(end.number, .readable) } catch { finish() }
    }

    private func finish() {
        guard isOpen else { return }
        isOpen = false
        timer?.cancel()
        loop.remove(end.number)
        shutdown(end.number, Int32(SHUT_RDWR))
        whenOver(self)
    }

    // MARK: The request

    private static func request(_ take: Take) -> [UInt8] {
        var text = take.method + [0x20] + take.target + Array(" HTTP/1.1\r\n".utf8)
        let offered = take.requestField("upgrade")
        if take.requestField("host") == nil { text += Array("Host: localhost\r\n".utf8) }
        for field in take.requestFields where !isReplaced(Take.lowercased(field.name)) {
            text += field.name + Array(": ".utf8) + field.value + Array("\r\n".utf8)
        }
        if let offered {
            text += Array("Connection: Upgrade\r\nUpgrade: ".utf8) + offered + Array("\r\n".utf8)
        } else {
            text += Array("Connection: close\r\n".utf8)
        }
        let body = take.sentBody.bytes
        // A POST has a length even without a body: clients say so, and some servers ask for it.
        if !body.isEmpty || take.requestField("content-length") != nil { text += Array("Content-Length: \(body.count)\r\n".utf8) }
        return text + Array("\r\n".utf8) + body
    }

    /// What concerns the connection, or the framing of the body.
    private static func isReplaced(_ name: String) -> Bool {
        ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect"].contains(name)
    }
}
