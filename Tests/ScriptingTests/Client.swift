import EventLoop
import Glibc

/// A client on the loop, that keeps what it gets.
final class Client: EventSource {
    private(set) var bytes: [UInt8] = []
    private(set) var isAtEnd = false
    private let loop: EventLoop
    private let descriptor: Int32
    private let whenChanged: () -> Void
    private var isOpen = true

    init(_ loop: EventLoop, _ path: String, whenChanged: @escaping () -> Void) throws {
        self.loop = loop
        self.whenChanged = whenChanged
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard result == 0 else { throw SystemError("cannot connect") }
        try loop.add(descriptor, .readable, self)
    }

    deinit { close() }

    func send(_ text: String) {
        let sent = Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
        precondition(sent == text.utf8.count, "the socket is full, or closed")
    }

    /// Reads nothing, until `resume`.
    func pause() { loop.remove(descriptor) }

    func resume() throws { try loop.add(descriptor, .readable, self) }

    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.remove(descriptor)
        Glibc.close(descriptor)
    }

    func ready(_ events: Events) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else {
                isAtEnd = count == 0 || errno != EAGAIN
                break
            }
            bytes += buffer[..<count]
        }
        if isAtEnd { loop.remove(descriptor) }
        whenChanged()
    }

    /// What came, without the Date fields, which differ from one run to the next.
    var text: String {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
    }
}
