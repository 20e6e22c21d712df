import CDogger
import EventLoop
import Glibc
import Scripting
import Server

/// `dogger run H -- COMMAND`: a socket that only the command knows, in a directory of its own.
enum PrivateSocket {
    /// Runs the command with `DOCKER_HOST` set, serves it, and cleans up.
    /// - Parameter listen: opens what is served besides.
    /// - Returns: the command's exit status; 128 and the signal's number when a signal ended it; 127 or 126 when it can't be
    ///   started, as shells have it.
    static func run(_ command: [String], _ plan: Service.Plan, listen: (Supervisor) throws -> Void) throws -> Int32 {
        let supervisor = try Supervisor(plan)
        var child: ChildProcess?
        var status: Int32 = 0
        // What comes from the terminal reaches the command too, for it is in the same process group. Taken over before there is
        // anything to leave behind.
        let signals = try Signals(supervisor.loop, [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]) { number, sender in
            if let child, child.status == nil {
                if case .process = sender { child.send(number) }
            } else {
                if child == nil { status = 128 + number }
                supervisor.end()
            }
        }
        defer { signals.close() }
        let directory = try makeDirectory()
        defer {
            supervisor.closeListeners()
            rmdir(directory)
        }
        try listen(supervisor)
        let path = "\(directory)/docker.sock"
        try supervisor.listen(.unix(path: path))
        _ = try supervisor.run {
            do throws(SystemError) {
                child = try ChildProcess(supervisor.loop, command, environment: environment(path)) { end in
                    switch end {
                    case .exited(let code): status = code
                    case .signalled(let number): status = 128 + number
                    }
                    supervisor.end()
                }
            } catch {
                supervisor.log.line("dogger: \(error.description)")
                status = error.code == ENOENT ? 127 : 126
                supervisor.end()
            }
        }
        return status
    }

    /// A fresh directory with mode 0700: mkdtemp(3).
    static func makeDirectory() throws -> String {
        let parents = [getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR")].compactMap { $0.map { String(cString: $0) } } + ["/tmp"]
        // The path of a socket has at most 107 bytes.
        for parent in parents where parent.hasPrefix("/") && parent.utf8.count <= 80 {
            var template = Array("\(parent)/dogger-XXXXXX".utf8CString)
            if let path = mkdtemp(&template) { return String(cString: path) }
        }
        throw SystemError("cannot make a directory for the private socket in \(parents.joined(separator: ", "))")
    }

    static func environment(_ path: String) -> [String] {
        // These would send docker elsewhere, or have it speak TLS to the socket.
        let replaced = ["DOCKER_HOST=", "DOGGER_SOCKET=", "DOCKER_CONTEXT=", "DOCKER_TLS_VERIFY=", "DOCKER_TLS=", "DOCKER_CERT_PATH="]
        var variables: [String] = []
        var next = dg_environment()
        while let variable = next.pointee {
            let text = String(cString: variable)
            if !replaced.contains(where: text.hasPrefix) { variables.append(text) }
            next += 1
        }
        return variables + ["DOCKER_HOST=unix://\(path)", "DOGGER_SOCKET=\(path)"]
    }
}
