/// What a Lua text asks for by `require` and `dogger.read_file`, as far as the text alone tells.
struct Dependencies {
    struct Use: Equatable {
        enum Kind: String { case module = "require", file = "read_file" }

        var kind: Kind
        /// What it asks for; nil where only the running script knows.
        var name: String?
        /// From 1.
        var line: Int
    }

    /// In the order of the text.
    let uses: [Use]

    init(_ text: [UInt8]) {
        let tokens = Array(LuaTokens(text))
        func kind(_ index: Int) -> LuaTokens.Kind? { tokens.indices.contains(index) ? tokens[index].kind : nil }
        uses = tokens.indices.compactMap { index in
            guard case .name(let name) = tokens[index].kind, let use = Use.Kind(rawValue: name) else { return nil }
            switch kind(index - 1) {
            case .symbol(":"), .symbol("::"), .name("function"): return nil                 // a method, a label, a function of its own
            case .symbol(".") where use == .module: return nil      // a field of something else
            default: break
            }
            if case .symbol("=") = kind(index + 1) { return nil }   // a field or a variable of that name
            return Use(kind: use, name: Dependencies.literal(kind(index + 1), kind(index + 2), kind(index + 3)), line: tokens[index].line)
        }
    }

    /// The string in `"x"` and `("x")`.
    private static func literal(_ first: LuaTokens.Kind?, _ second: LuaTokens.Kind?, _ third: LuaTokens.Kind?) -> String? {
        if case .string(let value) = first { return value }
        if first == .symbol("("), case .string(let value) = second, third == .symbol(")") { return value }
        return nil
    }
}
