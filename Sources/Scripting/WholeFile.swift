import EventLoop
import Glibc

/// Writes files that are whole at every moment: readers see the old text or the new one.
enum WholeFile {
    /// - Parameters:
    ///   - path: a regular file, or where nothing is yet. A link would be replaced: resolve it before.
    ///   - mode: its permissions; those that any new file of the process gets where it is nil.
    ///   - isDurable: whether it has to outlive even the machine.
    /// - Throws: what could not be done; the old file is as it was.
    static func write(_ text: [UInt8], to path: String, mode: mode_t? = nil, isDurable: Bool = false) throws(SystemError) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SystemError("cannot write beside \(path)") }
        let isWritten = writeAll(text, descriptor) && fchmod(descriptor, mode ?? usualMode()) == 0 && (!isDurable || fsync(descriptor) == 0)
        let code = errno
        close(descriptor)
        guard isWritten, rename(template, path) == 0 else {
            let reason = isWritten ? errno : code
            unlink(template)
            throw SystemError("cannot write \(path)", code: reason)
        }
    }

    /// The mask can be read only by setting it.
    private static func usualMode() -> mode_t {
        let mask = umask(0o077)
        umask(mask)
        return 0o666 & ~mask
    }

    private static func writeAll(_ text: [UInt8], _ descriptor: Int32) -> Bool {
        text.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + position, bytes.count - position)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                position += count
            }
            return true
        }
    }
}
