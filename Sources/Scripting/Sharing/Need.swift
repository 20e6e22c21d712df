/// Something outside of its own file that a handler can't do without, as its header says: `@needs upstream, read data, env TOKEN`.
public struct Need: Equatable, Sendable {
    public enum Kind: String, CaseIterable, Sendable { case upstream, read, net, env, store }

    public var kind: Kind
    /// Which directory, address or variable; nil where any will do.
    public var what: String?

    /// What to give dogger for it, on a shell's command line.
    public var flag: String {
        let (option, any) = switch kind {
        case .upstream: ("--upstream", "ADDRESS")
        case .read: ("--allow-read", "DIR")
        case .net: ("--allow-net", "ADDRESS")
        case .env: ("--allow-env", "NAME")
        case .store: ("--store", "FILE")
        }
        return "\(option) \(what.map(ShellWord.quoted) ?? any)"
    }
}

extension Header {
    /// What the `@needs` tags name, in their order.
    /// - Parameter path: for the fault.
    /// - Throws: where a tag names nothing that dogger knows.
    public func needs(_ path: String) throws(SharingFault) -> [Need] {
        var needs: [Need] = []
        for tag in tags where tag.name == "needs" || tag.name == "need" {
            for item in tag.value.split(separator: ",", omittingEmptySubsequences: false) {
                let words = item.split(whereSeparator: \.isWhitespace)
                guard tag.name == "needs", let kind = words.first.flatMap({ Need.Kind(rawValue: String($0)) }), words.count <= 2 else {
                    throw SharingFault("\(path):\(tag.line): '@\(tag.name) \(Printable.text(tag.value))' can't be read: behind @needs stand, with commas between, "
                        + "upstream, read DIR, net ADDRESS, env NAME, store")
                }
                let need = Need(kind: kind, what: words.count == 2 ? String(words[1]) : nil)
                if !needs.contains(need) { needs.append(need) }
            }
        }
        return needs
    }
}

extension ScriptingOptions {
    /// Whether the flags give what a handler needs.
    /// - Parameter hasNext: another handler stands behind it, which is an upstream to it.
    func gives(_ need: Need, hasNext: Bool) -> Bool {
        switch need.kind {
        case .upstream: upstream != nil || hasNext
        case .read: grants.hasAny(.read)
        case .net:
            if case .address(let address)? = need.what.flatMap(Grants.Destination.init) { grants.allows(net: address) } else { grants.hasAny(.net) }
        case .env: need.what.map(grants.allows(env:)) ?? grants.hasAny(.env)
        case .store: store.isFile
        }
    }
}
