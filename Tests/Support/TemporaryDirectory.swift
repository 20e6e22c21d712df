import Glibc

/// A new directory, removed with this and all that is in it.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        var template = Array("/tmp/dogger-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryDirectory.remove(path) }

    /// Writes a file, with the directories on the way to it.
    public func write(_ name: String, _ text: String = "x") {
        var directory = path
        for part in name.split(separator: "/").dropLast() {
            directory += "/\(part)"
            mkdir(directory, 0o700)
        }
        TemporaryDirectory.write("\(path)/\(name)", text)
    }

    /// Writes into a file; what else is in it stays.
    public func write(_ name: String, _ bytes: [UInt8], at offset: Int = 0) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        precondition(file >= 0 && pwrite(file, bytes, bytes.count, offset) == bytes.count)
        close(file)
    }

    public func link(_ name: String, to target: String) { precondition(symlink(target, "\(path)/\(name)") == 0) }

    public func remove(_ name: String) { TemporaryDirectory.remove("\(path)/\(name)") }

    /// What is in it, sorted.
    public var names: [String] { TemporaryDirectory.names(path).sorted() }

    /// A file's permission bits.
    public func mode(_ name: String) -> UInt32 {
        var status = stat()
        stat("\(path)/\(name)", &status)
        return status.st_mode & 0o777
    }

    /// Writes a file, in whatever directory.
    public static func write(_ path: String, _ text: String = "x") {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(file >= 0 && Glibc.write(file, text, text.utf8.count) == text.utf8.count)
        close(file)
    }

    /// Removes a file, or a directory with all that is in it.
    public static func remove(_ path: String) {
        guard unlink(path) != 0 else { return }
        for name in names(path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { found.append(name) }
        }
        return found
    }
}
