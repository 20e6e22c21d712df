import Glibc

/// Which names in which directories decide what a set of paths leads to: every component of each path, and of each symbolic
/// link on the way. A change of any of them may put another file at the end of the path.
struct WatchPlan: Equatable {
    struct Name: Equatable {
        /// Those whose last component this is: their contents change with it.
        var files: Set<String> = []
        /// Those that only pass through it.
        var passing: Set<String> = []
    }

    /// By real path of the directory, then by name in it.
    private(set) var directories: [String: [String: Name]] = [:]

    /// As many links on one way as Linux follows, path_resolution(7).
    private static let linkLimit = 40

    init(_ paths: Set<String>) {
        for path in paths { add(path) }
    }

    private mutating func add(_ path: String) {
        var directory: [Substring] = []
        // The components that are still to walk, last first.
        var rest = Array(path.split(separator: "/").reversed())
        var links = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = directory.popLast()
                continue
            }
            let parent = "/" + directory.joined(separator: "/")
            let full = parent == "/" ? "/\(name)" : "\(parent)/\(name)"
            let kind = WatchPlan.kind(of: full)
            if kind == S_IFLNK, links < WatchPlan.linkLimit, let target = WatchPlan.target(of: full) {
                directories[parent, default: [:]][String(name), default: Name()].passing.insert(path)
                links += 1
                if target.hasPrefix("/") { directory = [] }
                rest += target.split(separator: "/").reversed()
            } else if rest.isEmpty {
                directories[parent, default: [:]][String(name), default: Name()].files.insert(path)
            } else {
                directories[parent, default: [:]][String(name), default: Name()].passing.insert(path)
                // What lies below something that is not there, or is no directory, can't be watched yet.
                guard kind == S_IFDIR else { return }
                directory.append(name)
            }
        }
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func target(of link: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            let count = readlink(link, buffer.baseAddress!, Int(PATH_MAX))
            guard count > 0 else { return nil }
            buffer[count] = 0
            return String(cString: buffer.baseAddress!)
        }
    }
}
