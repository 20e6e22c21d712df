import Glibc

/// Paths as text, and what they lead to.
enum Path {
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func join(_ directory: String, _ name: String) -> String {
        name.hasPrefix("/") ? name : directory == "." ? name : directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    /// The absolute path without `.`, `..` and doubled slashes, by its text alone: links are not looked at.
    static func plain(_ path: String) -> String {
        var parts: [Substring] = []
        for part in absolute(path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// realpath(3): the absolute path without any links. Nil where nothing is there.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The real path of the part of a path that is there.
    static func realBeginning(_ path: String) -> String {
        var rest = absolute(path)[...]
        while true {
            if let real = real(String(rest)) { return real }
            guard let slash = rest.lastIndex(of: "/"), slash > rest.startIndex else { return "/" }
            rest = rest[..<slash]
        }
    }

    /// Whether a path is `directory`, or in it; both plain.
    static func isWithin(_ path: String, _ directory: String) -> Bool {
        path == directory || path.hasPrefix(directory == "/" ? "/" : directory + "/")
    }
}
