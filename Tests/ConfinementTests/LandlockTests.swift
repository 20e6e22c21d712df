import CDogger
import Glibc
import TestSupport
import Testing

/// What Landlock denies is tried, in a thread that it holds.
@Suite(.enabled(if: dg_landlock_version() > 0, "the kernel has no Landlock here")) struct LandlockTests {
    private static let version = dg_landlock_version()

    /// Error numbers of the calls that a thread makes which may read `readable` and write in `writable`.
    /// - Parameter meanwhile: done by another, who has given nothing up, after the thread has and before its calls.
    private func confined(
        readable: [String] = [], writable: [String] = [], ports: [UInt16]? = [], meanwhile: () -> Void = {}, _ calls: @escaping () -> [Int32]
    ) -> [Int32] {
        onThread(meanwhile: meanwhile, prepare: { () -> [Int32]? in
            let version = LandlockTests.version
            let rules = dg_landlock_begin(version, ports == nil)
            guard dg_no_new_privileges() == 0, rules >= 0 else { return [-1] }
            for path in readable where dg_landlock_allow_path(rules, version, path, false) != 0 { return [-2, errno] }
            for path in writable where dg_landlock_allow_path(rules, version, path, true) != 0 { return [-3, errno] }
            for port in ports ?? [] where version >= 4 && dg_landlock_allow_port(rules, port) != 0 { return [-4, errno] }
            return dg_landlock_enter(rules) == 0 ? nil : [-5, errno]
        }, calls)
    }

    private func reading(_ path: String) -> Int32 { fault(of: open(path, O_RDONLY | O_CLOEXEC)) }

    private func making(_ path: String) -> Int32 { fault(of: open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)) }

    @Test func nothingIsReadButWhatIsGranted() {
        let directory = TemporaryDirectory()
        directory.write("a/file")
        directory.write("b/file")
        let root = directory.path
        #expect(confined(readable: ["\(root)/a"]) {
            [reading("\(root)/a/file"), reading("\(root)/a"), reading("\(root)/b/file"), reading("\(root)/b"), reading("/etc/passwd"),
                reading("/proc/self/environ")]
        } == [0, 0, EACCES, EACCES, EACCES, EACCES])
        #expect(confined(readable: ["\(root)/b/file"]) { [reading("\(root)/b/file"), reading("\(root)/b")] } == [0, EACCES])
    }

    @Test func filesThatAreMadeAnewAreReadToo() {
        let directory = TemporaryDirectory()
        let root = directory.path
        directory.write("a/file")
        func save() {
            for name in ["file", "new"] {
                directory.write("a/\(name)~")
                #expect(rename("\(root)/a/\(name)~", "\(root)/a/\(name)") == 0)
            }
        }
        #expect(confined(readable: ["\(root)/a"], meanwhile: save) { [reading("\(root)/a/file"), reading("\(root)/a/new")] } == [0, 0])
    }

    /// The right is the directory's, not the path's.
    @Test func aDirectoryInTheOnesPlaceIsNotReadable() {
        let directory = TemporaryDirectory()
        let root = directory.path
        directory.write("a/file")
        directory.write("next/file")
        func exchange() {
            #expect(rename("\(root)/a", "\(root)/old") == 0)
            #expect(rename("\(root)/next", "\(root)/a") == 0)
        }
        #expect(confined(readable: ["\(root)/a"], meanwhile: exchange) {
            [reading("\(root)/a/file"), access("\(root)/a/file", R_OK), reading("\(root)/old/file")]
        } == [EACCES, 0, 0])
    }

    @Test func whatMayBeReadIsNotChanged() {
        let directory = TemporaryDirectory()
        let root = directory.path
        directory.write("a/file")
        #expect(confined(readable: ["\(root)/a"]) {
            [making("\(root)/a/file"), making("\(root)/a/new"), unlink("\(root)/a/file") == 0 ? 0 : errno,
                mkdir("\(root)/a/d", 0o700) == 0 ? 0 : errno, rename("\(root)/a/file", "\(root)/a/x") == 0 ? 0 : errno]
        } == [EACCES, EACCES, EACCES, EACCES, EACCES])
    }

    @Test func aDirectoryToWriteIn() {
        let directory = TemporaryDirectory()
        let root = directory.path
        directory.write("a/file")
        #expect(confined(writable: ["\(root)/a"]) {
            [making("\(root)/a/file"), making("\(root)/a/new"), reading("\(root)/a/new"), unlink("\(root)/a/new") == 0 ? 0 : errno,
                making("\(root)/new"), mkdir("\(root)/a/d", 0o700) == 0 ? 0 : errno]
        } == [0, 0, 0, 0, EACCES, EACCES])
    }

    @Test func noProgramIsRun() {
        #expect(confined(readable: ["/bin"]) {
            var arguments: [UnsafeMutablePointer<CChar>?] = [nil]
            execv("/bin/true", &arguments)
            return [errno]
        } == [EACCES])
    }

    @Test(.enabled(if: version >= 4, "the kernel's Landlock knows no TCP")) func portsThatAreGranted() throws {
        func connecting(_ port: UInt16) -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
                }
            }
        }
        // Nobody listens at 1 and 2; the difference is who says no.
        #expect(confined(ports: [1]) { [connecting(1), connecting(2)] } == [ECONNREFUSED, EACCES])
        #expect(confined(ports: nil) { [connecting(1), connecting(2)] } == [ECONNREFUSED, ECONNREFUSED])
    }

    @Test(.enabled(if: version >= 6, "the kernel's Landlock knows no signals")) func othersGetNoSignal() {
        #expect(confined { [kill(getppid(), 0) == 0 ? 0 : errno, kill(getpid(), 0) == 0 ? 0 : errno] }.first == EPERM)
    }
}
