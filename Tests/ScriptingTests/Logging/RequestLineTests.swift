import Testing

@testable import Scripting

@Suite struct RequestLineTests {
    @Test(arguments: [
        (0, "0.0 ms"), (1_250_000, "1.3 ms"), (9_940_000, "9.9 ms"), (9_960_000, "10 ms"), (999_000_000, "999 ms"), (999_600_000, "1.0 s"),
        (12_340_000_000, "12.3 s"), (59_960_000_000, "0 m 59 s"), (200_000_000_000, "3 m 20 s"),
    ])
    func times(_ nanoseconds: UInt64, _ text: String) {
        #expect(RequestLine.time(nanoseconds) == text)
    }

    @Test(arguments: [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9999, "10.0 kB"), (10_000, "10 kB"), (35_600_000, "35 MB"), (2_000_000_000_000_000, "2000 TB")])
    func sizes(_ bytes: Int, _ text: String) {
        #expect(RequestLine.size(bytes) == text)
    }

    @Test(arguments: [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("äöü", 3, "äöü"), ("", 0, ""), ("a", 0, "…")])
    func cuts(_ text: String, _ width: Int, _ shown: String) {
        #expect(RequestLine.cut(text, to: width) == shown)
    }
}
