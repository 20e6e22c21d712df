import Glibc

extension HandlerSearch {
    /// A handler at hand.
    public struct Listed {
        public var name: String
        /// Where it is: a path, or `built in`.
        public var place: String
        /// Another one of that name is found before it.
        public var isHidden: Bool
        public var header: Header
    }

    /// The handlers that have a name: here, installed, built in; in the order in which a name is looked for.
    public func list() -> [Listed] {
        var listed: [Listed] = []
        func add(_ name: String, _ place: String, _ text: [UInt8]) {
            listed.append(Listed(name: name, place: place, isHidden: listed.contains { $0.name == name }, header: Header(text)))
        }
        for folder in [".", "handlers"] + [directory].compactMap({ $0 }) {
            for file in HandlerSearch.files(folder) {
                let path = Path.join(folder, file)
                // What can't be read can't be run either, and is told then.
                if let text = try? SharedFile.read(path) { add(String(file.dropLast(4)), path, text) }
            }
        }
        for name in builtInNames { add(name, "built in", builtIn["\(name).lua"]!) }
        return listed
    }

    /// The handler files of a directory, sorted: what ends in `.lua`, but tests.
    private static func files(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(".lua"), !name.hasSuffix("_test.lua"), isName(String(name.dropLast(4))), isFile(Path.join(folder, name)) else { continue }
            names.append(name)
        }
        return names.sorted()
    }

    /// The list for people, a line a handler.
    /// - Parameter width: columns; longer lines are cut. Nil: none is.
    public static func table(_ listed: [Listed], width: Int?) -> String {
        let nameWidth = listed.map { $0.name.count }.max() ?? 0
        let placeWidth = listed.map { Printable.text($0.place).count }.max() ?? 0
        return listed.map { handler in
            let summary = handler.isHidden ? "(hidden by the one above)" : Printable.text(handler.header.summary)
            let line = "\(handler.name.padded(to: nameWidth))  \(Printable.text(handler.place).padded(to: placeWidth))  \(summary)"
            guard let width, line.count > width, width > 1 else { return line + "\n" }
            return line.prefix(width - 1) + "…\n"
        }.joined()
    }

    /// The list as JSON: an array of objects.
    public static func json(_ listed: [Listed]) -> [UInt8] {
        let items = listed.map { handler in
            let tags = handler.header.tags.filter { ["author", "version", "licence", "needs"].contains($0.name) }
            return JSONNode.object([
                .init("name", .text(handler.name)), .init("place", .text(handler.place)), .init("hidden", .bool(handler.isHidden)),
                .init("summary", .text(handler.header.summary)),
            ] + tags.map { .init(name: Array($0.name.utf8), value: .text($0.value)) })
        }
        return JSONText.compact(.array(items)) + [UInt8(ascii: "\n")]
    }
}
