import CDogger
import EventLoop

/// Gives memory that was freed back to the kernel once the rush is over. malloc(3) keeps what lies below anything that is still in use:
/// when some hundred clients with large answers had left, that was nearly all of it.
final class FreedMemory {
    private let loop: EventLoop
    private var isDue = false

    /// Nanoseconds: who comes again at once finds the memory that it left.
    private static let delay: UInt64 = 1_000_000_000

    init(_ loop: EventLoop) { self.loop = loop }

    /// Something was freed that may have been large.
    func note() {
        guard !isDue else { return }
        isDue = true
        loop.schedule(after: FreedMemory.delay) { [weak self] in
            self?.isDue = false
            dg_give_back_memory()
        }
    }
}
