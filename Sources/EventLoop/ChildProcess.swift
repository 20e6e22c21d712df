import CDogger
import Glibc

/// A child process on the loop: its end is an event (pidfd_open(2)), so nobody waits and no SIGCHLD is handled.
///
/// The loop holds it until it has ended. Dropping it does not end the child.
public final class ChildProcess: EventSource {
    /// How a process ended.
    public enum Status: Equatable, Sendable {
        case exited(code: Int32)
        case signalled(Int32)
    }

    public let pid: pid_t
    /// Nil while it runs.
    public private(set) var status: Status?

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let onExit: (Status) -> Void

    /// Starts a program, with no signal blocked and every signal at its default, whatever they are here.
    /// - Parameters:
    ///   - arguments: the program, looked up in this process's `PATH` where it has no slash, and its arguments.
    ///   - environment: all of its environment, as `NAME=value`.
    ///   - descriptors: what it inherits beside standard input, output and error: its own number for each of ours. A number
    ///     of 0 to 2 puts one in the place of these.
    ///   - onExit: called once on the loop, when it has ended.
    /// - Throws: `SystemError` when the program can't be started.
    public convenience init(
        _ loop: EventLoop, _ arguments: [String], environment: [String], descriptors: [Int32: Int32] = [:],
        onExit: @escaping (Status) -> Void
    ) throws(SystemError) {
        precondition(!arguments.isEmpty, "a child process needs a program")
        ChildProcess.keepExitStatuses()
        let pid = try ChildProcess.spawn(arguments, environment, descriptors)
        try self.init(loop, pid, "cannot watch the process of '\(arguments[0])'", onExit)
    }

    /// Goes on in a copy of this process as well: fork(2). For a process with one thread, for the copy has no other.
    /// - Parameters:
    ///   - forking: what the copy does, inside this call. It has every descriptor of this process, the loop's among them,
    ///     and the blocked signals; it must not turn this loop, nor release what is here.
    ///   - onExit: called once on the loop, when the copy has ended.
    /// - Throws: `SystemError` when there can be no further process.
    public convenience init(
        _ loop: EventLoop, forking: () -> Never, onExit: @escaping (Status) -> Void
    ) throws(SystemError) {
        ChildProcess.keepExitStatuses()
        let pid = dg_fork()
        guard pid >= 0 else { throw SystemError("cannot make a process") }
        if pid == 0 { forking() }
        try self.init(loop, pid, "cannot watch a process", onExit)
    }

    /// Watches a child of this process.
    private init(
        _ loop: EventLoop, _ pid: pid_t, _ attempt: String, _ onExit: @escaping (Status) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.pid = pid
        self.onExit = onExit
        do throws(SystemError) {
            descriptor = try Descriptor(dg_pidfd_open(pid), attempt)
            try loop.add(descriptor.number, .readable, self)
        } catch {
            // Nobody would ever learn of its end: better none at all.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
    }

    /// Sends a signal; nothing when the process has ended.
    public func send(_ signal: Int32) {
        // Until it is reaped here, its number can't belong to another process.
        if status == nil { kill(pid, signal) }
    }

    public func ready(_ events: Events) {
        var raw: Int32 = 0
        let result = waitpid(pid, &raw, WNOHANG)
        guard result != 0, status == nil else { return }
        loop.remove(descriptor.number)
        // The low seven bits are the signal, wait(2); the macros for it don't exist in Swift.
        let signal = raw & 0x7f
        let status = signal == 0 ? Status.exited(code: (raw >> 8) & 0xff) : .signalled(signal)
        self.status = status
        onExit(status)
    }

    /// Whoever started us may have left SIGCHLD ignored; then the kernel forgets children at once, with their status.
    private static func keepExitStatuses() {
        var action = sigaction()
        sigaction(SIGCHLD, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        if isIgnored || action.sa_flags & SA_NOCLDWAIT != 0 {
            action = sigaction()
            sigaction(SIGCHLD, &action, nil)
        }
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], _ descriptors: [Int32: Int32]
    ) throws(SystemError) -> pid_t {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // Copies above every number asked for first, so that no dup2 overwrites the source of another.
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        let base = (descriptors.keys.max() ?? 0) + 1
        for (number, ours) in descriptors {
            let copy = dg_fcntl(ours, F_DUPFD_CLOEXEC, base)
            guard copy >= 0 else { throw SystemError("cannot pass file descriptor \(ours) to '\(arguments[0])'") }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, number)
        }

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, argv[0]!, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw SystemError("cannot start '\(arguments[0])'", code: code) }
        return pid
    }
}
