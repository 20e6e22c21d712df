/// A JSON document as a Lua table constructor, laid out for people.
enum LuaTable {
    /// - Parameters:
    ///   - indent: of the line that it begins in.
    ///   - column: where in that line it begins.
    static func text(_ node: JSONNode, indent: Int = 0, column: Int = 0) -> [UInt8] {
        if let flat = flat(node, room: LuaLiteral.width - column) { return flat }
        let inner = indent + 2
        let margin = [UInt8](repeating: 0x20, count: inner)
        var text: [UInt8]
        switch node {
        case .array(let items):
            text = [UInt8](ascii: "{\n")
            if let numbers = rows(of: items) {
                for row in numbers { text += margin + row + [UInt8](ascii: ",\n") }
            } else {
                for item in items { text += margin + self.text(item, indent: inner, column: inner + 1) + [UInt8](ascii: ",\n") }
            }
        case .object(let members):
            text = [UInt8](ascii: "{\n")
            for member in members {
                let start = LuaLiteral.key(member.name) + [UInt8](ascii: " = ")
                text += margin + start + self.text(member.value, indent: inner, column: inner + start.count + 1) + [UInt8](ascii: ",\n")
            }
        case .string(let bytes):
            return LuaLiteral.string(bytes, indent: inner)
        default:
            return scalar(node)
        }
        return text + [UInt8](repeating: 0x20, count: indent) + [UInt8](ascii: "}")
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
            if items.isEmpty { return [UInt8](ascii: "json.array {}") }
            text = [UInt8](ascii: "{ ")
            for (index, item) in items.enumerated() {
                guard let next = flat(item, room: room - text.count) else { return nil }
                text += (index > 0 ? [UInt8](ascii: ", ") : []) + next
            }
        case .object(let members):
            if members.isEmpty { return [UInt8](ascii: "{}") }
            text = [UInt8](ascii: "{ ")
            for (index, member) in members.enumerated() {
                text += (index > 0 ? [UInt8](ascii: ", ") : []) + LuaLiteral.key(member.name) + [UInt8](ascii: " = ")
                guard let next = flat(member.value, room: room - text.count) else { return nil }
                text += next
            }
        case .string(let bytes) where bytes.count > room:
            return nil
        default:
            let text = scalar(node)
            return text.count <= room ? text : nil
        }
        text += [UInt8](ascii: " }")
        return text.count <= room ? text : nil
    }

    /// Lists of numbers, several in a line.
    private static func rows(of items: [JSONNode]) -> [[UInt8]]? {
        var rows: [[UInt8]] = []
        for item in items {
            guard case .number(let literal) = item else { return nil }
            let number = LuaLiteral.number(literal)
            if let last = rows.last, last.count + number.count + 2 <= LuaLiteral.width {
                rows[rows.count - 1] = last + [UInt8](ascii: ", ") + number
            } else {
                rows.append(number)
            }
        }
        return rows
    }

    private static func scalar(_ node: JSONNode) -> [UInt8] {
        switch node {
        case .null: [UInt8](ascii: "json.null")
        case .bool(let value): [UInt8](ascii: value ? "true" : "false")
        case .number(let literal): LuaLiteral.number(literal)
        case .string(let bytes): LuaLiteral.string(bytes)
        case .array, .object: []
        }
    }
}
