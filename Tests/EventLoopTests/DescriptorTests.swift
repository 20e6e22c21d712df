import EventLoop
import Glibc
import Testing

@Suite struct DescriptorTests {
    @Test func allButTheNamedAreClosed() async {
        // It takes the descriptors of the testing library too, so nothing but the exit code tells; and what exit(3)
        // calls may miss them.
        await #expect(processExitsWith: .exitCode(42)) {
            let opened = (0..<6).map { _ in dup(2) }
            let kept = [opened[4], opened[1], opened[1] + 1000]
            Descriptor.closeAll(except: kept)
            let isOpen = opened.map { fcntl($0, F_GETFD) >= 0 }
            let hasStandard = (0...2).allSatisfy { fcntl($0, F_GETFD) >= 0 }
            _exit(isOpen == [false, true, false, false, true, false] && hasStandard ? 42 : 1)
        }
    }

    @Test func nothingMayBeNamed() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let opened = (0..<3).map { _ in dup(2) }
            Descriptor.closeAll(except: [])
            _exit(opened.allSatisfy { fcntl($0, F_GETFD) < 0 } ? 42 : 1)
        }
    }
}
