/// The line of a script that an error names, with a mark under what it is about:
///
///        12 |   return c.name
///           |          ^
struct SourceExcerpt: Equatable {
    /// How errors call the file.
    var file: String
    /// From 1.
    var number: Int
    var line: String
    /// Characters of the line that are marked.
    var mark: Range<Int>

    /// - Parameters:
    ///   - message: of an error; it begins with `file:line: `.
    ///   - text: gives the text of a file that a script came from, by what errors call it; nil for any other.
    init?(_ message: String, text: (String) -> [UInt8]?) {
        guard let (file, number, rest) = SourceExcerpt.place(message), let text = text(file) else { return nil }
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
        guard number >= 1, number <= lines.count else { return nil }
        // A tab is as wide as a space here, so that the mark stands where it should.
        line = Printable.text(Array(lines[number - 1]).filter { $0 != 0x0D }.map { $0 == 0x09 ? 0x20 : $0 })
        guard let first = line.firstIndex(where: { $0 != " " }) else { return nil }
        self.file = file
        self.number = number
        mark = SourceExcerpt.mark(in: line, about: rest) ?? SourceExcerpt.firstWord(in: line, at: first)
    }

    /// - Parameter width: columns; a longer line is shown from where the mark is in it. Nil: all of it is.
    func text(width: Int? = nil) -> String {
        let label = "\(number)".leftPadded(to: 5)
        var shown = line[...]
        var start = mark.lowerBound
        if let width, line.count + 8 > width {
            let room = max(20, width - 8)
            let skipped = max(0, min(mark.lowerBound - room / 3, line.count - room))
            shown = line.dropFirst(skipped).prefix(room)
            start -= skipped
        }
        let length = max(1, min(mark.count, shown.count - start))
        return "\(label) | \(shown)\n      | \(String(repeating: " ", count: start))\(String(repeating: "^", count: length))"
    }

    /// The place at the beginning of a message, and what follows it.
    private static func place(_ message: String) -> (file: String, line: Int, rest: Substring)? {
        var searched = message[...]
        while let colon = searched.firstRange(of: ": ") {
            let before = message[..<colon.lowerBound]
            if let second = before.lastIndex(of: ":"), let number = Int(before[before.index(after: second)...]), second > before.startIndex {
                return (String(before[..<second]), number, message[colon.upperBound...])
            }
            searched = searched[colon.upperBound...]
        }
        return nil
    }

    /// Where the line has what the message names in quotes; what stands in brackets at its end, such as (local 'c'), before others.
    private static func mark(in line: String, about message: Substring) -> Range<Int>? {
        let names = message.split(separator: "'", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        let ordered = message.hasSuffix("')") ? names.reversed() : names
        for name in ordered where !name.isEmpty {
            var searched = line[...]
            while let found = searched.firstRange(of: name) {
                if isWhole(found, in: line) {
                    let start = line.distance(from: line.startIndex, to: found.lowerBound)
                    return start..<start + name.count
                }
                searched = searched[found.upperBound...]
            }
        }
        return nil
    }

    private static func isWhole(_ range: Range<String.Index>, in line: String) -> Bool {
        func isWord(_ character: Character?) -> Bool { character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false }
        let before = line[..<range.lowerBound].last, after = line[range.upperBound...].first
        return !(isWord(before) && isWord(line[range].first)) && !(isWord(after) && isWord(line[range].last))
    }

    private static func firstWord(in line: String, at index: String.Index) -> Range<Int> {
        let start = line.distance(from: line.startIndex, to: index)
        let word = line[index...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return start..<start + max(1, word.count)
    }
}
