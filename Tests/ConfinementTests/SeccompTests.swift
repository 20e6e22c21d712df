import CDogger
import CSystemCalls
import Glibc
import Testing

/// What the filter denies is tried, in a thread that has it.
@Suite(.enabled(if: dg_seccomp_is_there(), "the kernel takes no filter of system calls here")) struct SeccompTests {
    /// Error numbers of the calls that a filtered thread makes.
    private func filtered(_ reach: dg_reach = DG_REACH_NOTHING, makesPairs: Bool = false, _ calls: @escaping () -> [Int32]) -> [Int32] {
        onThread {
            guard dg_no_new_privileges() == 0, dg_deny_system_calls(reach, makesPairs) == 0 else { return [-1] }
            return calls()
        }
    }

    @Test func everyCallInTheTableIsDenied() {
        let table = UnsafeBufferPointer(start: denied_call_table(), count: denied_call_count)
        let faults = filtered { table.indices.map { try_call(table.baseAddress! + $0) } }
        #expect(faults.count == table.count && table.count > 70)
        for (call, fault) in zip(table, faults) {
            #expect(fault == EPERM, "\(String(cString: call.name)): \(String(cString: strerror(fault)))")
        }
    }

    /// So that the test above shows the filter's work and not the kernel's own refusal.
    @Test func withoutTheFilterTheyFailOtherwise() {
        let table = UnsafeBufferPointer(start: denied_call_table(), count: denied_call_count)
        for (index, call) in table.enumerated() where call.is_free {
            #expect(try_call(table.baseAddress! + index) != EPERM, "\(String(cString: call.name))")
        }
    }

    @Test func noProcessIsMade() {
        #expect(filtered {
            let child = dg_fork()
            if child == 0 { _exit(0) }
            return [child < 0 ? errno : 0]
        } == [EPERM])
    }

    @Test func noProgramIsStarted() {
        #expect(filtered {
            var arguments: [UnsafeMutablePointer<CChar>?] = [nil]
            execv("/bin/true", &arguments)
            return [errno]
        } == [EPERM])
    }

    /// Names are looked up on threads.
    @Test func threadsAreMade() {
        #expect(filtered { [onThread { 7 }] } == [7])
    }

    @Test func whatAWorkerDoesIsAllowed() {
        #expect(filtered {
            let file = open("/dev/null", O_RDWR | O_CLOEXEC)
            var ends: [Int32] = [-1, -1]
            var limit = rlimit()
            let results = [
                file < 0 ? errno : 0, write(file, "x", 1) == 1 ? 0 : errno, fault(of: dup(file)), dg_pipe(&ends) == 0 ? 0 : errno,
                fault(of: epoll_create1(0)), fault(of: dg_open_real("/dev/null")), try_special(Int32(CALL_KILL), Int(getpid())),
                try_special(Int32(CALL_WINDOW), Int(file)) == ENOTTY ? 0 : errno,
                fault(of: dg_fcntl(file, F_DUPFD_CLOEXEC, 0)), getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? 0 : errno,
                unlink("/no such directory/x") == 0 ? 0 : errno == ENOENT ? 0 : errno,
            ]
            for end in ends { close(end) }
            close(file)
            return results
        } == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func othersGetNoSignal() {
        #expect(filtered { [getppid(), 0, -1].map { try_special(Int32(CALL_KILL), Int($0)) } } == [EPERM, EPERM, EPERM])
    }

    @Test func nothingIsTypedIntoTheTerminal() {
        #expect(filtered { [try_special(Int32(CALL_TYPE), 0)] } == [EPERM])
    }

    /// Callers then take an older call, whose arguments a filter can see.
    @Test func whatIsNewerThanTheFilterIsNotThere() {
        #expect(filtered { [try_special(Int32(CALL_CLONE3), 0), try_special(Int32(CALL_TOO_NEW), 0)] } == [ENOSYS, ENOSYS])
    }

    // MARK: Sockets

    private static func sockets() -> [Int32] {
        [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK].map { family in
            let type = family == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM
            let fault = fault(of: socket(family, Int32(type.rawValue), 0))
            return fault == EPERM ? EPERM : 0
        }
    }

    @Test func aWorkerThatAsksNobodyHasNoSockets() {
        #expect(filtered(DG_REACH_NOTHING, Self.sockets) == [EPERM, EPERM, EPERM, EPERM, EPERM, EPERM])
        #expect(filtered(DG_REACH_NOTHING) {
            [connect(-1, nil, 0) < 0 ? errno : 0, bind(-1, nil, 0) < 0 ? errno : 0]
        } == [EPERM, EPERM])
    }

    @Test func aWorkerInFrontOfASocketFileHasUnixSocketsOnly() {
        #expect(filtered(DG_REACH_UNIX, Self.sockets) == [0, EPERM, EPERM, EPERM, EPERM, EPERM])
        #expect(filtered(DG_REACH_UNIX) {
            [connect(-1, nil, 0) < 0 ? errno : 0, bind(-1, nil, 0) < 0 ? errno : 0]
        } == [EBADF, EPERM])
    }

    @Test func aWorkerThatReachesTheInternetHasNoOtherSockets() {
        #expect(filtered(DG_REACH_INTERNET, Self.sockets) == [0, 0, 0, 0, EPERM, EPERM])
    }

    /// Replays of the page that shows what goes by.
    @Test func onlyWhoMakesPairsOfSocketsCan() {
        let pairs: () -> [Int32] = {
            [AF_UNIX, AF_INET].map { family in
                var ends: [Int32] = [-1, -1]
                guard socketpair(family, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return errno }
                for end in ends { close(end) }
                return 0
            }
        }
        #expect(filtered(makesPairs: true, pairs) == [0, EPERM])
        #expect(filtered(makesPairs: false, pairs) == [EPERM, EPERM])
        #expect(filtered(makesPairs: true, Self.sockets) == filtered(makesPairs: false, Self.sockets))
    }

    /// The other way into the kernel, with numbers of its own, ends the process.
    @Test(.enabled(if: has_x32(), "this machine has one kind of system calls only")) func theOtherKindOfCallsEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            guard dg_no_new_privileges() == 0, dg_deny_system_calls(DG_REACH_NOTHING, false) == 0 else { exit(1) }
            call_x32()
            exit(2)
        }
    }
}
