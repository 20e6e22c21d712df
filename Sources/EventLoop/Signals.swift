import CDogger
import Glibc

/// Signals as events of the loop (signalfd(2)), in place of handlers that could run between any two instructions.
public final class Signals: EventSource {
    /// Who sent a signal.
    public enum Sender: Equatable, Sendable {
        /// The kernel: Ctrl-C and its like on the terminal, which the whole process group gets.
        case kernel
        /// A process, by kill(2) or its like.
        case process(pid_t)
    }

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let handler: (Int32, Sender) -> Void
    private var previousMask: sigset_t
    private var isOpen = true

    /// Takes the signals from the calling thread, which has to be the loop's, until `close()`. Where other threads run, each
    /// of them must block the signals too, for the kernel gives a signal to any thread that does not.
    /// - Parameters:
    ///   - numbers: SIGTERM and its like.
    ///   - handler: called on the loop, before the turn's other events, with the signal's number and sender.
    public init(
        _ loop: EventLoop, _ numbers: [Int32], handler: @escaping (Int32, Sender) -> Void
    ) throws(SystemError) {
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in numbers { sigaddset(&mask, number) }
        self.loop = loop
        self.handler = handler
        previousMask = sigset_t()
        descriptor = try Descriptor(signalfd(-1, &mask, Int32(SFD_CLOEXEC | SFD_NONBLOCK)), "cannot receive signals")
        try loop.add(descriptor.number, .readable, self, first: true)
        pthread_sigmask(SIG_BLOCK, &mask, &previousMask)
    }

    public func ready(_ events: Events) {
        var info = signalfd_siginfo()
        while isOpen, read(descriptor.number, &info, MemoryLayout.size(ofValue: info)) == MemoryLayout.size(ofValue: info) {
            let isKernel = info.ssi_code > 0
            handler(Int32(bitPattern: info.ssi_signo), isKernel ? .kernel : .process(pid_t(bitPattern: info.ssi_pid)))
        }
    }

    /// Gives the signals back to their former dispositions. For the thread that made this.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        loop.remove(descriptor.number)
        pthread_sigmask(SIG_SETMASK, &previousMask, nil)
    }
}
