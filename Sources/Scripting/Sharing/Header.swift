/// What a handler says of itself: the comment lines at the very top of its file, up to the first line of another kind. Before them
/// may stand what Lua skips there: a byte order mark, and a line for the kernel to run the file by.
///
///     #!/usr/bin/env -S dogger run
///     -- Clients look at everything and change nothing.        the summary, then the description
///     -- @author  Ann Example <ann@example.org>
///     -- @version 1.2.0
///     -- @licence MIT
///     -- @needs   upstream, env TOKEN
///
/// Two dashes or more, as LDoc and lua-language-server write them. A line that begins with `@` and a letter is a tag; tags of other
/// names are theirs, and kept. It is read without running anything.
public struct Header: Equatable, Sendable {
    /// `@name value`, with the line that it stands on, from 1.
    public struct Tag: Equatable, Sendable {
        public var name: String
        public var value: String
        public var line: Int
    }

    /// The first line that is no tag; empty where there is none.
    public var summary = ""
    /// What follows it, line by line.
    public var description: [String] = []
    public var tags: [Tag] = []
    /// How many bytes of the file it takes.
    public var length = 0

    /// - Parameter text: the file's bytes.
    public init(_ text: some Collection<UInt8>) {
        var rest = text[...]
        var number = 0
        if rest.starts(with: Header.byteOrderMark) { rest = rest.dropFirst(Header.byteOrderMark.count) }
        if rest.first == UInt8(ascii: "#") {
            number += 1
            rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        }
        while rest.starts(with: Header.dashes) {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            guard !Header.opensLongComment(line) else { break }
            number += 1
            add(String(decoding: line, as: UTF8.self), number)
            rest = rest.dropFirst(line.count + 1)
        }
        length = text.count - rest.count
        while description.last == "" { description.removeLast() }
    }

    /// The first tag of that name; nil where there is none.
    public func value(of name: String) -> String? { tags.first { $0.name == name }?.value }

    private mutating func add(_ line: String, _ number: Int) {
        let text = line.drop { $0 == "-" }.trimmed
        if text.first == "@", let letter = text.dropFirst().first, letter.isLetter {
            let name = text.dropFirst().prefix { $0.isLetter }
            tags.append(Tag(name: name == "license" ? "licence" : String(name), value: String(text.dropFirst(name.count + 1).trimmed), line: number))
        } else if summary.isEmpty {
            summary = String(text)
        } else if !text.isEmpty || !description.isEmpty {
            description.append(String(text))
        }
    }

    /// `--[[` and `--[==[` begin a comment that ends somewhere else.
    private static func opensLongComment(_ line: some Collection<UInt8>) -> Bool {
        let text = line.dropFirst(2)
        guard text.first == UInt8(ascii: "[") else { return false }
        return text.dropFirst().first { $0 != UInt8(ascii: "=") } == UInt8(ascii: "[")
    }

    private static let dashes = Array("--".utf8)
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
}

extension StringProtocol {
    /// Without the white space at both ends.
    var trimmed: SubSequence {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start }
        return start[...last]
    }
}
