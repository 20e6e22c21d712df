extension Pack {
    /// The pack's bytes, which depend on nothing but what is in it.
    /// - Throws: where a module has the line in it that would end it.
    public func text() throws(SharingFault) -> [UInt8] {
        var text: [UInt8] = []
        let header = Header(handler)
        text.addLines(handler[..<header.length])
        text.addLine(Line.tag(main))
        for (path, module) in modules.sorted(by: { $0.key < $1.key }) {
            let name = Pack.module(ofPath: path)
            let end = Line.moduleEnd(name)
            guard !module.split(separator: UInt8(ascii: "\n")).contains(where: { $0.elementsEqual(end.utf8) }) else {
                throw SharingFault("\(path): a line of it is '\(end)', which ends a module in a pack: change that comment")
            }
            text.addLine("")
            text.addLine(Line.moduleStart(name))
            text.addLines(module)
            text.addLine(end)
        }
        for (path, file) in files.sorted(by: { $0.key < $1.key }) {
            let form = Form.of(file)
            let content = form == .base64 ? Pack.wrapped(Base64.encoded(file)) : file
            var level = 2
            while content.contains(Line.fileEnd(level)) { level += 1 }
            text.addLine("")
            text.addLine(Line.fileStart(level, form, path))
            text.addLines(content)
            text.addLine(Line.fileEnd(level))
        }
        text.addLine("")
        text.addLine(Line.handler(main))
        text.addLines(handler[header.length...])
        return text
    }

    private static func wrapped(_ text: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: 76) { lines.addLines(text[start..<min(start + 76, text.count)]) }
        return lines
    }
}

extension [UInt8] {
    fileprivate mutating func addLine(_ line: String) {
        append(contentsOf: line.utf8)
        append(UInt8(ascii: "\n"))
    }

    /// A text; a last line without a line feed gets one.
    fileprivate mutating func addLines(_ text: some BidirectionalCollection<UInt8>) {
        append(contentsOf: text)
        if let last = text.last, last != UInt8(ascii: "\n") { append(UInt8(ascii: "\n")) }
    }

    fileprivate func contains(_ text: String) -> Bool {
        let pattern = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: pattern) }
    }
}
