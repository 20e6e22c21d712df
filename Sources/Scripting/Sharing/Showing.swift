/// What a handler file says of itself and what it is made of, for people to read before they run it. Nothing is run, and nothing in
/// it can reach the terminal but as text.
public struct Showing {
    private let path: String
    private let text: [UInt8]
    private let pack: Pack?
    private var lines: [String] = []

    /// Of what there may be any number.
    private static let mostLines = 60
    private static let mostCharacters = 400

    /// - Returns: lines for people, the last one too with its line feed.
    /// - Throws: where the file says that it is a pack and is none.
    public static func text(of bytes: [UInt8], path: String) throws(SharingFault) -> String {
        var showing = Showing(path: path, text: bytes, pack: try Pack(bytes, path: Printable.text(path)))
        showing.show()
        return showing.lines.joined(separator: "\n") + "\n"
    }

    private init(path: String, text: [UInt8], pack: Pack?) {
        self.path = path
        self.text = text
        self.pack = pack
    }

    private mutating func show() {
        let header = Header(pack?.handler ?? text)
        lines.append(shown(path))
        if !header.summary.isEmpty { lines.append("  \(shown(header.summary))") }
        for line in header.description.prefix(Showing.mostLines) { lines.append("  \(shown(line))") }
        if header.description.count > Showing.mostLines { lines.append("  ... \(header.description.count - Showing.mostLines) lines more") }
        if !header.summary.isEmpty { lines.append("") }
        for tag in header.tags.filter({ $0.name != "needs" && $0.name != "pack" }).prefix(Showing.mostLines) { row(shown(tag.name), shown(tag.value)) }
        showNeeds(header)
        if text.first == 0x1B { row("is", "compiled Lua, which dogger does not load") }
        let uses = ([pack?.handler ?? text] + (pack?.modules.values.map { $0 } ?? [])).flatMap { Dependencies($0).uses }
        list("uses", uses.filter { $0.kind == .module }.compactMap(\.name).filter(EmbeddedLua.has))
        if let pack { showParts(pack) } else { showAsked(uses) }
        row("sha256", SHA256.hex(text))
    }

    private mutating func showNeeds(_ header: Header) {
        do throws(SharingFault) {
            let needs = try header.needs(path)
            if needs.isEmpty { row("needs", "nothing but itself") }
            let width = needs.map { Showing.name($0).count }.max() ?? 0
            for (index, need) in needs.enumerated() {
                row(index == 0 ? "needs" : "", "\(shown(Showing.name(need).padded(to: width)))  \(shown(need.flag))")
            }
        } catch {
            row("needs", shown(error.description))
        }
    }

    private static func name(_ need: Need) -> String { need.kind.rawValue + (need.what.map { " \($0)" } ?? "") }

    /// Each part with its size and its digest.
    private mutating func showParts(_ pack: Pack) {
        let others = pack.modules.merging(pack.files) { $1 }.sorted { $0.key < $1.key }
        let parts = [(key: pack.main, value: pack.handler)] + others
        let width = parts.map { shown($0.key).count }.max() ?? 0
        for (index, part) in parts.enumerated() {
            let size = "\(part.value.count) bytes"
            row(index == 0 ? "contains" : "", "\(shown(part.key).padded(to: width))  \(size.leftPadded(to: 13))  \(SHA256.hex(part.value))")
        }
    }

    /// What a file that is no pack asks for beside it.
    private mutating func showAsked(_ uses: [Dependencies.Use]) {
        list("requires", uses.filter { $0.kind == .module }.compactMap(\.name).filter { !EmbeddedLua.has($0) })
        list("reads", uses.filter { $0.kind == .file }.compactMap(\.name))
        let open = uses.filter { $0.name == nil }
        if let first = open.first {
            row("asks for", "what only the running script knows, in line \(first.line)\(open.count == 1 ? "" : " and \(open.count - 1) more")")
        }
    }

    private mutating func list(_ name: String, _ items: [String]) {
        let items = Set(items).sorted()
        guard !items.isEmpty else { return }
        let rest = items.count > Showing.mostLines ? ", ... \(items.count - Showing.mostLines) more" : ""
        row(name, items.prefix(Showing.mostLines).map(shown).joined(separator: ", ") + rest)
    }

    private mutating func row(_ name: String, _ value: String) { lines.append("  \(name.padded(to: 9)) \(value)") }

    private func shown(_ text: some StringProtocol) -> String {
        text.count <= Showing.mostCharacters ? Printable.text(text) : Printable.text(text.prefix(Showing.mostCharacters)) + " ..."
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
