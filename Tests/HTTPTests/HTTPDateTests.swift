import Glibc
import Testing

@testable import HTTP

@Suite struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
            (Int64.min, "Sat, 01 Jan 0000 00:00:00 GMT"),
            (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)])
    func known(_ seconds: Int64, _ expected: String) {
        let date = HTTPDate()
        #expect(withExtendedLifetime(date) { text(date.bytes(at: seconds)) } == expected)
    }

    /// Against the C library, every 97 days and some seconds of four centuries.
    @Test func agreesWithTheLibrary() {
        let date = HTTPDate()
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func padded(_ number: Int32, _ width: Int) -> String {
            String(repeating: "0", count: width - String(number).count) + String(number)
        }
        for seconds in stride(from: -6_000_000_000, to: 7_000_000_000, by: 97 * 86_400 + 4321) {
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            let expected =
                "\(days[Int(parts.tm_wday)]), \(padded(parts.tm_mday, 2)) \(months[Int(parts.tm_mon)]) "
                + "\(padded(parts.tm_year + 1900, 4)) \(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2)) GMT"
            #expect(withExtendedLifetime(date) { text(date.bytes(at: Int64(seconds))) } == expected)
        }
    }

    @Test func theSameSecondIsNotWorkedOutAgainAndTheNextIs() {
        let date = HTTPDate()
        withExtendedLifetime(date) {
            let first = date.bytes(at: 1_000_000_000)
            #expect(first.count == HTTPDate.byteCount)
            #expect(date.bytes(at: 1_000_000_000).baseAddress == first.baseAddress)
            #expect(text(date.bytes(at: 1_000_000_001)) == "Sun, 09 Sep 2001 01:46:41 GMT")
            #expect(text(date.bytes(at: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
        }
    }
}
