/// In which order the names of JSON objects came. A Lua table does not keep it, and `docker inspect` prints it: so a tape lists
/// the orders at its end, one for each set of names.
///
/// An object whose names are on no list, such as one that was edited, comes in the order of the list with which it shares most of its
/// names, or else in the alphabet's. So the alphabet's order is listed too, where another one would be taken for it.
struct NameOrders {
    private var orders: [Set<[UInt8]>: [[UInt8]]] = [:]
    /// By their first use.
    private var listed: [[[UInt8]]] = []
    /// Those that the alphabet says.
    private var unlisted: [Set<[UInt8]>] = []

    /// Takes the orders of a document's objects in.
    /// - Returns: false where one of them can't be kept, because the same names have come in another order, or can't be written
    ///   down; then none is taken.
    mutating func take(_ node: JSONNode) -> Bool {
        var new: [Set<[UInt8]>: [[UInt8]]] = [:]
        var sequence: [[[UInt8]]] = []
        guard collect(node, &new, &sequence) else { return false }
        orders.merge(new) { old, _ in old }
        for names in sequence { add(names) }
        return true
    }

    private mutating func add(_ names: [[UInt8]]) {
        guard names.allSatisfy(NameOrders.isPlain) else { return }
        let set = Set(names)
        guard NameOrders.isAlphabetical(names) else {
            listed.append(names)
            let confused = unlisted.filter { NameOrders.isTaken(names, for: $0) }
            unlisted.removeAll { confused.contains($0) }
            for set in confused { listed.append(orders[set] ?? []) }
            return
        }
        if listed.contains(where: { NameOrders.isTaken($0, for: set) }) { listed.append(names) } else { unlisted.append(set) }
    }

    /// Whether tape.lua would take a list for an object with other names.
    private static func isTaken(_ list: [[UInt8]], for set: Set<[UInt8]>) -> Bool {
        list.count { set.contains($0) } * 2 > set.count
    }

    private func collect(
        _ node: JSONNode, _ new: inout [Set<[UInt8]>: [[UInt8]]], _ sequence: inout [[[UInt8]]]
    ) -> Bool {
        switch node {
        case .array(let items):
            for item in items where !collect(item, &new, &sequence) { return false }
        case .object(let members):
            let names = members.map(\.name)
            if names.count > 1 {
                let set = Set(names)
                if let known = orders[set] ?? new[set] {
                    guard known == names else { return false }
                } else {
                    guard NameOrders.isAlphabetical(names) || names.allSatisfy(NameOrders.isPlain) else { return false }
                    new[set] = names
                    sequence.append(names)
                }
            }
            for member in members where !collect(member.value, &new, &sequence) { return false }
        default: break
        }
        return true
    }

    private static func isAlphabetical(_ names: [[UInt8]]) -> Bool {
        zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    }

    /// Whether the name stands for itself in a list with blanks between.
    private static func isPlain(_ name: [UInt8]) -> Bool {
        !name.isEmpty && !name.contains(0x20) && !name.contains(UInt8(ascii: "]")) && UTF8Text.isText(name)
            && !name.contains(where: { $0 < 0x20 })
    }

    /// The lists, an object a paragraph; empty where there are none.
    var text: [UInt8] {
        var text: [UInt8] = []
        for names in listed {
            var column = 0
            for name in names {
                if column == 0 || column + name.count >= LuaLiteral.width {
                    text.add(column == 0 ? "  " : "\n    ")
                    column = 4
                } else {
                    text.append(0x20)
                    column += 1
                }
                text += name
                column += name.count
            }
            text.append(0x0A)
        }
        return text
    }
}
