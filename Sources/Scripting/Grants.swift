import Glibc
import Server

/// What the user lets scripts reach outside of their VM. Nothing, until a flag says so.
public struct Grants: Sendable {
    /// What may be granted, by the word that stands in the flag: `--allow-read`.
    public enum Kind: String, CaseIterable, Sendable { case read, net, env }

    /// Directories whose files may be read, those below too; or single files.
    public var read: [String] = []
    /// Whom `dogger.http` may ask.
    public var net: [Destination] = []
    /// Names of variables; one that ends in `*` stands for all that begin so.
    public var env: [String] = []

    public init() {}

    /// Whether anything of the kind is granted at all.
    public func hasAny(_ kind: Kind) -> Bool {
        switch kind {
        case .read: !read.isEmpty
        case .net: !net.isEmpty
        case .env: !env.isEmpty
        }
    }

    public func allows(net address: UpstreamAddress) -> Bool { net.contains { $0.covers(address) } }

    /// Whether a file may be read.
    /// - Parameter real: its path without links, as realpath(3) gives it: what a link leads to is what counts.
    public func allows(read real: String) -> Bool {
        read.contains { granted in Path.real(granted).map { Path.isWithin(real, $0) } ?? false }
    }

    public func allows(env name: String) -> Bool {
        env.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : name == $0 }
    }

    /// The flag that would grant an address: `--allow-net example.com:80`.
    public static func flag(net address: UpstreamAddress) -> String {
        let text = address.description
        return "--allow-net \(ShellWord.quoted(text.hasPrefix("tcp://") ? String(text.dropFirst("tcp://".count)) : text))"
    }

    /// Whom a grant of `net` is about.
    public enum Destination: Equatable, Sendable {
        case anywhere
        case address(UpstreamAddress)
        /// Every port of a host; an IPv6 address is without its brackets.
        case host(String)

        /// Reads `host:port`, `host:*`, `unix:///path`, `/path` and `*`. Nil where it is none of these.
        public init?(_ text: String) {
            if text == "*" {
                self = .anywhere
                return
            }
            let isPath = text.hasPrefix("unix:") || text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../")
            let port = text.lastIndex(of: ":").map { text[text.index(after: $0)...] } ?? ""
            // A name without a port would become the port of an engine, and not what was meant.
            guard isPath || port == "*" || !port.isEmpty && port.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            let whole = isPath || text.contains("://") ? text : "tcp://\(text)"
            guard let address = try? UpstreamAddress.parse(port == "*" ? "\(whole.dropLast())1" : whole) else { return nil }
            if port == "*", case .tcp(let host, _) = address { self = .host(host) } else { self = .address(address) }
        }

        /// Names are compared as they are written, but for their case: what a name leads to may change at any time.
        func covers(_ address: UpstreamAddress) -> Bool {
            switch (self, address) {
            case (.anywhere, _): true
            case (.host(let host), .tcp(let other, _)): host.lowercased() == other.lowercased()
            case (.address(.tcp(let host, let port)), .tcp(let other, let otherPort)):
                port == otherPort && host.lowercased() == other.lowercased()
            case (.address(let own), _): own == address
            default: false
            }
        }
    }
}
