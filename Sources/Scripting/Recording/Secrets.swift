/// What never gets onto a tape or into a HAR file.
enum Secrets {
    /// - Parameter name: a field's, in lower case.
    static func isSecret(field name: String) -> Bool {
        switch name {
        case "authorization", "proxy-authorization", "x-registry-auth", "x-registry-config", "cookie", "set-cookie": true
        default: false
        }
    }

    /// A document without the values that let somebody in.
    /// - Parameter path: of the request, in whose endpoint a name like `Data` may mean a secret.
    static func removed(from node: JSONNode, path: String) -> JSONNode {
        var names = everywhere
        if path.contains("/secrets") { names.insert("data") }
        if path.hasSuffix("/auth") { names.formUnion(["auth", "secret", "token"]) }
        return remove(names, from: node)
    }

    private static let everywhere: Set<String> = [
        "password", "identitytoken", "registrytoken", "jointoken", "jointokens", "unlockkey", "signingcakey",
    ]

    private static func remove(_ names: Set<String>, from node: JSONNode) -> JSONNode {
        switch node {
        case .array(let items): return .array(items.map { remove(names, from: $0) })
        case .object(let members):
            return .object(members.map { member in
                let isSecret = names.contains(Take.lowercased(member.name))
                return JSONNode.Member(name: member.name, value: isSecret ? blank(member.value) : remove(names, from: member.value))
            })
        default: return node
        }
    }

    /// Of the same type, for clients check types.
    private static func blank(_ node: JSONNode) -> JSONNode {
        switch node {
        case .string: .string([])
        case .array(let items): .array(items.map(blank))
        case .object(let members): .object(members.map { JSONNode.Member(name: $0.name, value: blank($0.value)) })
        default: node
        }
    }
}
