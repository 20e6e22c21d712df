import Glibc

/// A system call that failed: what was being done, and the kernel's reason.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The `errno` of the call.
    public let code: Int32
    /// What was being done, as the start of a sentence: "cannot watch /x for changes".
    public let attempt: String

    /// - Parameters:
    ///   - attempt: what was being done: "cannot ...".
    ///   - code: the `errno`; by default that of the last call of this thread.
    public init(_ attempt: String, code: Int32 = errno) {
        self.attempt = attempt
        self.code = code
    }

    public var description: String { "\(attempt): \(SystemError.reason(code))" }

    /// The kernel's words for an `errno`: "No such file or directory".
    public static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
