/// A JSON document as a Lua table constructor, laid out for people.
enum LuaTable {
    /// - Parameters:
    ///   - indent: of the line that it begins in.
    ///   - column: where in that line it begins.
    static func text(_ node: JSONNode, indent: Int = 0, column: Int = 0) -> [UInt8] {
        if let flat = flat(node, room: LuaLiteral.width - column) { return flat }
        let inner = indent + 2
        let margin = String(repeating: " ", count: inner)
        var text = Array("{\n".utf8)
        switch node {
        case .array(let items):
            for item in rows(of: items) ?? items.map({ self.text($0, indent: inner, column: inner + 1) }) {
                text.add(margin)
                text.add(item)
                text.add(",\n")
            }
        case .object(let members):
            for member in members {
                let key = LuaLiteral.key(member.name)
                text.add(margin)
                text.add(key)
                text.add(" = ")
                text.add(self.text(member.value, indent: inner, column: inner + key.count + 4))
                text.add(",\n")
            }
        case .string(let bytes):
            return LuaLiteral.string(bytes, indent: inner)
        default:
            return scalar(node)
        }
        text.add(String(repeating: " ", count: indent), "}")
        return text
    }

    /// How many of a function's 255 registers Lua's compiler needs for the constructor. It keeps up to 50 items of a list in them
    /// before it stores those.
    static func registers(_ node: JSONNode) -> Int {
        switch node {
        case .array(let items):
            var most = 2
            for (index, item) in items.enumerated() { most = max(most, index % 50 + registers(item)) }
            return most + 1
        case .object(let members):
            return (members.map { registers($0.value) }.max() ?? 0) + 3
        default: return 2
        }
    }

    /// All in one line; nil where there is no room for that.
    private static func flat(_ node: JSONNode, room: Int) -> [UInt8]? {
        guard room > 0 else { return nil }
        var text: [UInt8]
        switch node {
        case .array(let items):
            if items.isEmpty { return Array("json.array {}".utf8) }
            text = Array("{ ".utf8)
            for (index, item) in items.enumerated() {
                guard let next = flat(item, room: room - text.count) else { return nil }
                if index > 0 { text.add(", ") }
                text.add(next)
            }
            text.add(" }")
        case .object(let members):
            if members.isEmpty { return Array("{}".utf8) }
            text = Array("{ ".utf8)
            for (index, member) in members.enumerated() {
                if index > 0 { text.add(", ") }
                text.add(LuaLiteral.key(member.name))
                text.add(" = ")
                guard let next = flat(member.value, room: room - text.count) else { return nil }
                text.add(next)
            }
            text.add(" }")
        case .string(let bytes) where bytes.count > room:
            return nil
        default:
            text = scalar(node)
        }
        return text.count <= room ? text : nil
    }

    /// Lists of numbers, several in a line.
    private static func rows(of items: [JSONNode]) -> [[UInt8]]? {
        var rows: [[UInt8]] = []
        for item in items {
            guard case .number(let literal) = item else { return nil }
            let number = LuaLiteral.number(literal)
            if let last = rows.last, last.count + number.count + 2 <= LuaLiteral.width {
                rows[rows.count - 1].add(", ")
                rows[rows.count - 1].add(number)
            } else {
                rows.append(number)
            }
        }
        return rows
    }

    private static func scalar(_ node: JSONNode) -> [UInt8] {
        switch node {
        case .null: Array("json.null".utf8)
        case .bool(let value): Array((value ? "true" : "false").utf8)
        case .number(let literal): LuaLiteral.number(literal)
        case .string(let bytes): LuaLiteral.string(bytes)
        case .array, .object: []
        }
    }
}
