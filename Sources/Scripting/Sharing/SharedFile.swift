import EventLoop
import Glibc

/// Files that are read whole and written whole.
public enum SharedFile {
    private static let mostBytes = 64 << 20

    /// A file's bytes, or those of standard input where the path is `-`.
    public static func read(_ path: String) throws(SharingFault) -> [UInt8] {
        if path == "-" { return try readStandardInput() }
        do throws(ScriptFiles.Fault) {
            return try ScriptFiles().read(path).bytes
        } catch {
            throw SharingFault(error.message)
        }
    }

    /// A link counts for what it leads to.
    public static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func readStandardInput() throws(SharingFault) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(0, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SharingFault("standard input can't be read: \(String(cString: strerror(errno)))") }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= mostBytes else { throw SharingFault("standard input has more than 64 MiB") }
        }
    }

    /// Writes a file that is whole at every moment: whoever reads it meanwhile gets the old text or the new one.
    /// - Parameter replaces: false: a file that is there already is left as it is, and that is a fault.
    public static func write(_ bytes: [UInt8], to path: String, replaces: Bool) throws(SharingFault) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SharingFault("\(path) can't be written: \(String(cString: strerror(errno)))") }
        let mask = umask(0)
        umask(mask)
        let isWritten = writeAll(bytes, descriptor) && fchmod(descriptor, 0o666 & ~mask) == 0 && fsync(descriptor) == 0
        let isThere = isWritten && (replaces ? rename(template, path) : link(template, path)) == 0
        let code = errno
        close(descriptor)
        if !isThere || !replaces { unlink(template) }
        guard isThere else { throw SharingFault(code == EEXIST ? "\(path) is there already" : "\(path) can't be written: \(String(cString: strerror(code)))") }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { bytes in
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

    /// The SHA-256 of the bytes, as sha256sum writes it.
    public static func digest(_ bytes: [UInt8]) -> String { SHA256.hex(bytes) }
}
