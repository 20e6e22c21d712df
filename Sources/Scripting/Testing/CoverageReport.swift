import LuaRuntime

/// What of the handlers has run, for people and for programs.
public enum CoverageReport {
    /// A line a file: how much of it, of how many lines, and which were not reached.
    public static func table(_ files: [Coverage.File]) -> String {
        guard !files.isEmpty else { return "no handler was loaded, so no line was counted\n" }
        let rows = files.map { file in
            let missed = file.lines.filter { $0.hits == 0 }.map(\.number)
            return (share(file.lines.count - missed.count, file.lines.count), Printable.text(file.name), file.lines.count, ranges(missed, file))
        }
        let width = rows.map { $0.1.count }.max() ?? 0
        var text = ""
        for (share, name, count, missed) in rows {
            let padding = String(repeating: " ", count: width - name.count)
            text += "\(share)  \(name)\(padding)  \(count) \(count == 1 ? "line" : "lines")\(missed.isEmpty ? "" : ", not reached: \(missed)")\n"
        }
        if files.count > 1 {
            let all = files.flatMap(\.lines)
            text += "\(share(all.filter { $0.hits > 0 }.count, all.count))  of all \(all.count) lines\n"
        }
        return text
    }

    /// Rounded down, so that 100 % is all.
    private static func share(_ reached: Int, _ count: Int) -> String {
        let percent = String(count == 0 ? 100 : reached * 100 / count)
        return String(repeating: " ", count: 3 - percent.count) + percent + "%"
    }

    /// `3, 7-9`: lines in a row, those without anything to run between them included.
    private static func ranges(_ missed: [Int], _ file: Coverage.File) -> String {
        let order = Dictionary(uniqueKeysWithValues: file.lines.enumerated().map { ($0.element.number, $0.offset) })
        var found: [(first: Int, last: Int)] = []
        for line in missed {
            if let last = found.last?.last, order[last]! + 1 == order[line]! { found[found.count - 1].last = line } else { found.append((line, line)) }
        }
        return found.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ", ")
    }

    /// The form of lcov's tracefiles, geninfo(1): what genhtml, editors and coverage services read.
    public static func lcov(_ files: [Coverage.File]) -> String {
        files.map { file in
            var text = "TN:\nSF:\(Path.absolute(file.name))\n"
            for line in file.lines { text += "DA:\(line.number),\(line.hits)\n" }
            return text + "LF:\(file.lines.count)\nLH:\(file.lines.filter { $0.hits > 0 }.count)\nend_of_record\n"
        }.joined()
    }
}
