import CDogger
import EventLoop
import Glibc
import Scripting
import Server

/// What a worker keeps of its user's rights: the rest it gives up before it runs the first script, so that a fault in the VM
/// leads to no more than scripts may reach anyhow. The kernel holds it to that; see docs/decisions/011-confinement.md.
struct Confinement {
    /// Files, and directories with all that is in them.
    private var readable: [String] = []
    private var writable: [String] = []
    private var reach = DG_REACH_NOTHING
    /// Replays go through a pair of sockets.
    private let replays: Bool
    /// TCP ports to connect to; nil: any.
    private var ports: [UInt16]? = []

    /// What a process has in force.
    struct Held {
        var hasNoNewPrivileges = false
        /// Landlock's version; 0: not in force.
        var landlock: Int32 = 0
        var hasFilter = false

        /// What is not in force, in words for the log.
        var gaps: [String] {
            let missing = [landlock == 0 ? "Landlock" : nil, hasFilter ? nil : "a seccomp filter"].compactMap { $0 }
            guard !missing.isEmpty else { return [] }
            return ["dogger: the kernel here keeps nobody in with \(missing.joined(separator: " and ")), so Lua's own limits alone keep scripts in: see docs/security.md"]
        }
    }

    /// For a worker that reads nothing and asks nobody.
    init() { replays = false }

    /// - Parameter replays: the page that shows what goes by can send requests again.
    init(_ plan: Service.Plan, replays: Bool) {
        self.replays = replays
        for path in plan.handlers where plan.scripting.given[path] == nil {
            // A save may make the file anew, so the directory is what is to be read; and the one that a link leads to.
            readable.append(Confinement.directory(of: path))
            if let real = realpath(path, nil) {
                readable.append(Confinement.directory(of: String(cString: real)))
                free(real)
            }
        }
        readable += plan.scripting.grants.read
        // SQLite makes two more files beside the store's, and removes them.
        if let store = plan.scripting.store.path {
            writable.append(Confinement.directory(of: store))
            if let real = realpath(store, nil) {
                writable.append(Confinement.directory(of: String(cString: real)))
                free(real)
            }
        }
        if let upstream = plan.upstream { reach(.address(upstream)) }
        for destination in plan.scripting.grants.net { reach(destination) }
    }

    private mutating func reach(_ destination: Grants.Destination) {
        switch destination {
        case .address(.unix):
            if reach == DG_REACH_NOTHING { reach = DG_REACH_UNIX }
        case .address(.tcp(let host, let port)):
            reach = DG_REACH_INTERNET
            ports?.append(port)
            if !Confinement.isNumeric(host) { lookUpNames() }
        case .host, .anywhere:
            reach = DG_REACH_INTERNET
            ports = nil
            lookUpNames()
        }
    }

    /// What getaddrinfo(3) reads: files that others replace at any time, hence their directories, and its modules.
    private mutating func lookUpNames() {
        ports?.append(53)
        readable += ["/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/lib", "/lib64", "/usr/lib"]
    }

    /// Puts it into force for this process. What the kernel can't do is left out.
    func enter() -> Held {
        var held = Held()
        // os.date wants the time zone, whose file is out of reach afterwards; from here on it is known.
        tzset()
        held.hasNoNewPrivileges = dg_no_new_privileges() == 0
        guard held.hasNoNewPrivileges else { return held }
        if enterLandlock() { held.landlock = dg_landlock_version() }
        held.hasFilter = dg_deny_system_calls(reach, replays) == 0
        return held
    }

    private func enterLandlock() -> Bool {
        let version = dg_landlock_version()
        guard version > 0 else { return false }
        let rules = dg_landlock_begin(version, ports == nil)
        guard rules >= 0 else { return false }
        // One that is not there needs no rule.
        for path in readable { dg_landlock_allow_path(rules, version, path, false) }
        for path in writable { dg_landlock_allow_path(rules, version, path, true) }
        if version >= 4 { for port in ports ?? [] { dg_landlock_allow_port(rules, port) } }
        return dg_landlock_enter(rules) == 0
    }

    /// What would be in force in a worker: tried in a process that ends at once.
    static func probe() throws(SystemError) -> Held {
        var ends: [Int32] = [-1, -1]
        guard dg_pipe(&ends) == 0 else { throw SystemError("cannot make a pipe") }
        defer { for end in ends { close(end) } }
        let child = dg_fork()
        guard child >= 0 else { throw SystemError("cannot make a process") }
        if child == 0 {
            var held = Confinement().enter()
            write(ends[1], &held, MemoryLayout<Held>.size)
            _exit(0)
        }
        waitpid(child, nil, 0)
        var held = Held()
        read(ends[0], &held, MemoryLayout<Held>.size)
        return held
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func isNumeric(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }
}
