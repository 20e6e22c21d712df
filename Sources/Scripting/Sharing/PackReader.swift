extension Pack {
    /// Takes a pack apart. Nothing is run.
    /// - Parameters:
    ///   - path: for faults.
    /// - Returns: nil where the text is no pack.
    /// - Throws: at the first line that belongs to no part of it.
    public init?(_ text: [UInt8], path: String) throws(SharingFault) {
        let header = Header(text)
        guard let tag = header.tags.first(where: { $0.name == "pack" }) else { return nil }
        var reader = PackReader(text, path)
        handler = reader.skipLines(tag.line - 1)
        let words = tag.value.split(separator: " ", maxSplits: 1)
        guard words.first == Pack.version[...] else { throw reader.fault("this pack is of another form: a newer dogger reads it") }
        main = words.count == 2 ? String(words[1]) : ""
        guard reader.next() == Line.tag(main), Pack.isPath(main), !main.contains("/") else {
            throw reader.fault("this line has to be like '\(Line.tag("hello.lua"))'")
        }
        while let line = reader.next() {
            if line == Line.handler(main) {
                handler += reader.rest()
                return
            }
            if !line.isEmpty { try reader.readPart(line, into: &self) }
        }
        throw reader.fault("the pack has no line '\(Line.handler(main))', behind which the handler stands")
    }

    /// A path from the handler's directory that can't lead out, and that stands on a line.
    static func isPath(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/") && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
    }
}

/// A pack's lines, one after the other.
private struct PackReader {
    private let text: [UInt8]
    private let path: String
    private var position = 0
    private var number = 0

    init(_ text: [UInt8], _ path: String) {
        self.text = text
        self.path = path
    }

    func fault(_ sentence: String) -> SharingFault { SharingFault("\(path):\(max(number, 1)): \(Printable.text(sentence))") }

    mutating func next() -> String? { nextBytes().map { String(decoding: $0, as: UTF8.self) } }

    private mutating func nextBytes() -> ArraySlice<UInt8>? {
        guard position < text.count else { return nil }
        let line = text[position...].prefix { $0 != UInt8(ascii: "\n") }
        position = min(line.endIndex + 1, text.count)
        number += 1
        return line
    }

    mutating func skipLines(_ count: Int) -> [UInt8] {
        for _ in 0..<count { _ = nextBytes() }
        return Array(text[..<position])
    }

    func rest() -> ArraySlice<UInt8> { text[position...] }

    mutating func readPart(_ line: String, into pack: inout Pack) throws(SharingFault) {
        if let name = line.between("package.preload[\"", "\"] = function(...)") {
            let path = Pack.path(ofModule: name)
            guard ScriptFiles.isModuleName(name), pack.modules[path] == nil else { throw fault("'\(name)' is no module's name, or the pack has it twice") }
            pack.modules[path] = try readLines(to: Pack.Line.moduleEnd(name))
        } else if let (level, form, path) = fileStart(line) {
            guard Pack.isPath(path), pack.files[path] == nil else {
                throw fault("'\(path)' is no path beside a handler, or the pack has it twice")
            }
            let lines = try readLines(to: Pack.Line.fileEnd(level))
            pack.files[path] = try decoded(lines, form)
        } else {
            throw fault("this line belongs to no part of the pack")
        }
    }

    private func fileStart(_ line: String) -> (Int, Pack.Form, String)? {
        guard let level = line.between("--[", "")?.prefix(while: { $0 == "=" }).count, level > 0 else { return nil }
        for form in Pack.Form.allCases {
            if let path = line.between(Pack.Line.fileStart(level, form, ""), "") { return (level, form, path) }
        }
        return nil
    }

    private mutating func readLines(to end: String) throws(SharingFault) -> [UInt8] {
        let start = position
        let from = number
        while true {
            let before = position
            guard let line = nextBytes() else {
                number = from
                throw fault("this part has no end: no line '\(end)'")
            }
            if line.elementsEqual(end.utf8) { return Array(text[start..<before]) }
        }
    }

    private func decoded(_ bytes: [UInt8], _ form: Pack.Form) throws(SharingFault) -> [UInt8] {
        switch form {
        case .text: return bytes
        case .openText: return bytes.dropLast()
        case .base64:
            guard let decoded = Base64.decoded(bytes.filter { $0 != UInt8(ascii: "\n") }) else { throw fault("what ends here is not base64") }
            return decoded
        }
    }
}

extension String {
    /// What stands between the two; nil where the text does not begin and end with them.
    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard hasPrefix(start), hasSuffix(end), utf8.count >= start.utf8.count + end.utf8.count else { return nil }
        return String(utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count))
    }
}
