import CDogger
import EventLoop
import Glibc
import Scripting

/// Whoever runs dogger as a service and wants to know how it does: systemd's protocol of one datagram a message, to the
/// socket that `NOTIFY_SOCKET` names; sd_notify(3).
struct ServiceManager {
    /// Nanoseconds in which it wants to hear that all is well, or it restarts the service; sd_watchdog_enabled(3).
    let watchdog: UInt64?
    private let address: sockaddr_un
    private let addressLength: socklen_t

    /// Takes the protocol's variables out of the environment. Nil where nobody wants to know.
    static func take() -> ServiceManager? {
        defer { for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) } }
        return Environment.variable("NOTIFY_SOCKET").flatMap(ServiceManager.init)
    }

    private init?(_ name: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(name.utf8)
        guard bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@"), bytes.count < room else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: bytes)
            // An abstract name begins with NUL, unix(7), and the protocol writes it with an '@'.
            if bytes[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        self.address = address
        // An abstract name ends where the address ends: with all of `sun_path` it would be another name.
        addressLength = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count)
        let isOurs = Environment.variable("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let time = Environment.variable("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0
        watchdog = isOurs && time > 0 && time < UInt64.max / 1000 ? time * 1000 : nil
    }

    func ready() { send("READY=1") }

    func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(EventLoop.clock() / 1000)") }

    func alive() { send("WATCHDOG=1") }

    func stopping() { send("STOPPING=1") }

    /// Messages are few, so the socket is opened for each.
    private func send(_ message: String) {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var message = message
        message.withUTF8 { text in
            _ = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket, text.baseAddress, text.count, Int32(MSG_NOSIGNAL), $0, addressLength)
                }
            }
        }
    }
}
