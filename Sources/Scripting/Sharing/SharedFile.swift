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
    public static func write(_ bytes: [UInt8], to path: String) throws(SharingFault) {
        do throws(SystemError) {
            try WholeFile.write(bytes, to: path, isDurable: true)
        } catch {
            throw SharingFault(error.description)
        }
    }

    /// Writes new files, all or none of them.
    /// - Throws: where one is there already, or can't be written.
    public static func create(_ files: [(path: String, text: [UInt8])]) throws(SharingFault) {
        for (index, file) in files.enumerated() {
            let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            let code = errno
            var isWritten = false
            if descriptor >= 0 {
                isWritten = Glibc.write(descriptor, file.text, file.text.count) == file.text.count
                close(descriptor)
            }
            guard isWritten else {
                for made in files[..<(descriptor >= 0 ? index + 1 : index)] { unlink(made.path) }
                let why = switch descriptor < 0 ? code : 0 {
                case EEXIST: "is there already, and is left as it is"
                case ENOENT, ENOTDIR: "can't be written: there is no directory \(Path.directory(of: file.path)); make it first"
                default: "can't be written: \(SystemError.reason(code))"
                }
                throw SharingFault("\(file.path) \(why)")
            }
        }
    }

    /// The SHA-256 of the bytes, as sha256sum writes it.
    public static func digest(_ bytes: [UInt8]) -> String { SHA256.hex(bytes) }
}
