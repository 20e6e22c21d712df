import Glibc

/// Finds files of tests: those whose names end in `_test.lua`.
public enum TestFiles {
    public static let suffix = "_test.lua"

    /// Why there is nothing to run, in words for the user.
    public struct Fault: Error {
        public var message: String
    }

    /// - Parameter paths: files, which are taken as they are, and directories, which are searched with all below them, except what
    ///   begins with a dot and links to directories.
    /// - Returns: the files, those of a directory in the order of their names; each one once.
    public static func find(_ paths: [String]) throws(Fault) -> [String] {
        var found: [String] = []
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else { throw Fault(message: "\(path): there is no such file or directory") }
            if status.st_mode & S_IFMT == S_IFDIR {
                search(path, &found)
            } else {
                found.append(path)
            }
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0).inserted }
    }

    private static func search(_ directory: String, _ found: inout [String]) {
        guard let stream = opendir(directory) else { return }
        var names: [String] = []
        while let entry = readdir(stream) {
            withUnsafeBytes(of: &entry.pointee.d_name) { names.append(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)) }
        }
        closedir(stream)
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = Path.join(directory.hasSuffix("/") ? String(directory.dropLast()) : directory, name)
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                search(path, &found)
            } else if name.hasSuffix(suffix) {
                found.append(path)
            }
        }
    }
}
