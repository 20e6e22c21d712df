import Testing

@testable import HTTP

@Suite struct QueryPairsTests {
    @Test(
        arguments: [
            ("", []), ("a=1", ["a", "1"]), ("a=1&b=2", ["a", "1", "b", "2"]), ("a", ["a", ""]), ("a=", ["a", ""]),
            ("=1", ["", "1"]),
            ("=", ["", ""]), ("a=1=2", ["a", "1=2"]), ("a&&b&", ["a", "", "b", ""]), ("&", []), ("&&a=1", ["a", "1"]),
            ("a=1&a=2", ["a", "1", "a", "2"]), ("a;b=1", ["a;b", "1"]), ("a%3D=%26", ["a%3D", "%26"]),
            ("a=?&b=/", ["a", "?", "b", "/"]),
            ("filters={\"name\":[\"x\"]}", ["filters", "{\"name\":[\"x\"]}"]),
        ] as [(String, [String])])
    func pairs(_ query: String, _ expected: [String]) {
        let pairs = withCopy(of: bytes(query)) { QueryPairs($0).flatMap { [text($0.name), text($0.value)] } }
        #expect(pairs == expected)
    }
}
