import HTTP

/// A request's path as the route of a tape has it, and its query.
struct RecordedPath {
    typealias Pair = (name: [UInt8], value: [UInt8])

    /// Decoded.
    let text: [UInt8]
    var string: String { String(decoding: text, as: UTF8.self) }

    /// - Parameter target: percent-encoded, perhaps with scheme and authority, and with the query.
    init(_ target: [UInt8]) {
        var path = target[..<(target.firstIndex(of: UInt8(ascii: "?")) ?? target.count)]
        if path.first != UInt8(ascii: "/"), let colon = path.firstIndex(of: UInt8(ascii: ":")), colon + 3 <= path.count {
            let authority = path[(colon + 3)...]
            path = authority[(authority.firstIndex(of: UInt8(ascii: "/")) ?? authority.endIndex)...]
        }
        text = path.isEmpty ? [UInt8(ascii: "/")] : RecordedPath.decoded(Array(path), plusIsSpace: false)
    }

    /// `/v1.41/info` for `/info`: as Docker's clients ask.
    var hasDockerVersion: Bool {
        guard let segment = version else { return false }
        return segment.contains(UInt8(ascii: "."))
    }

    /// Without the first segment, where a router of Docker's would take it for a version.
    var withoutVersion: [UInt8] {
        guard let segment = version else { return text }
        return Array(text[(segment.count + 1)...])
    }

    /// A `v`, then digits and dots, and something after it.
    private var version: ArraySlice<UInt8>? {
        guard let end = text.dropFirst().firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let segment = text[1..<end]
        guard segment.count >= 2, segment.first == UInt8(ascii: "v") else { return nil }
        return segment.dropFirst().allSatisfy { $0 == UInt8(ascii: ".") || $0 &- 0x30 < 10 } ? segment : nil
    }

    /// Whether a route can say it.
    var isRoutable: Bool {
        text.first == UInt8(ascii: "/") && !text.contains { $0 < 0x20 || "?#%{}".utf8.contains($0) }
    }

    static func pairs(_ target: [UInt8]) -> [Pair] {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return Array(target[(mark + 1)...]).withUnsafeBytes { query in
            QueryPairs(query).map { (decoded(Array($0.name), plusIsSpace: true), decoded(Array($0.value), plusIsSpace: true)) }
        }
    }

    /// Whether both have the same values under the same names.
    static func isSame(_ one: [Pair], _ other: [Pair]) -> Bool { grouped(one) == grouped(other) }

    static func grouped(_ pairs: [Pair]) -> [[UInt8]: [[UInt8]]] {
        Dictionary(grouping: pairs, by: \.name).mapValues { $0.map(\.value) }
    }

    private static func decoded(_ bytes: [UInt8], plusIsSpace: Bool) -> [UInt8] {
        bytes.withUnsafeBytes { source in
            [UInt8](unsafeUninitializedCapacity: source.count) { room, count in
                // The parser let no other escapes through than those that can be decoded.
                count = PercentDecoding.decode(source, into: UnsafeMutableRawBufferPointer(room), plusIsSpace: plusIsSpace) ?? 0
            }
        }
    }
}
