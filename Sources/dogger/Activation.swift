import Glibc
import Scripting
import Server

/// Socket activation, as systemd does it: sockets that whoever started this process opened, as descriptors from 3 on;
/// sd_listen_fds(3).
enum Activation {
    private static let firstDescriptor: Int32 = 3

    /// Takes over the sockets, and their variables out of the environment: they are for this process only.
    static func takeListeners() throws -> [Listener] {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        // Another process's pid: the variables were meant for one that started this one.
        guard let count = Environment.variable("LISTEN_FDS"), let pid = Environment.variable("LISTEN_PID"), Int32(pid) == getpid() else { return [] }
        guard let number = Int32(count), number >= 0, number < 1024 else {
            throw Failure("LISTEN_FDS is '\(count)' and not a number of sockets: check what started this process")
        }
        return try (0..<number).map { try Listener(adopting: firstDescriptor + $0) }
    }
}
