/// The time as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), worked out once a second.
///
/// Not for use from two threads at once.
public final class HTTPDate {
    /// The length of every date.
    public static let byteCount = 29

    private let text = UnsafeMutableRawPointer.allocate(byteCount: HTTPDate.byteCount, alignment: 1)
    private var seconds: Int64

    public init() {
        seconds = 0
        write()
    }

    deinit { text.deallocate() }

    /// - Parameter seconds: since 1970 in UTC, from the year 0 to the year 9999; beyond, the nearest of those.
    /// - Returns: ``byteCount`` bytes, good until the next call or this object's end.
    public func bytes(at seconds: Int64) -> UnsafeRawBufferPointer {
        if seconds != self.seconds {
            self.seconds = seconds
            write()
        }
        return UnsafeRawBufferPointer(start: text, count: Self.byteCount)
    }

    private func write() {
        let clamped = min(max(seconds, -62_167_219_200), 253_402_300_799)
        var days = clamped / 86_400
        var second = clamped % 86_400
        if second < 0 {
            second += 86_400
            days -= 1
        }
        // 1970-01-01 was a Thursday.
        let weekday = Int(((days + 4) % 7 + 7) % 7)
        let date = Self.civil(days)
        put("SunMonTueWedThuFriSat", from: weekday * 3, count: 3, at: 0)
        put(", ", from: 0, count: 2, at: 3)
        put(date.day, digits: 2, at: 5)
        put(" ", from: 0, count: 1, at: 7)
        put("JanFebMarAprMayJunJulAugSepOctNovDec", from: (date.month - 1) * 3, count: 3, at: 8)
        put(" ", from: 0, count: 1, at: 11)
        put(date.year, digits: 4, at: 12)
        put(" ", from: 0, count: 1, at: 16)
        put(Int(second / 3600), digits: 2, at: 17)
        put(":", from: 0, count: 1, at: 19)
        put(Int(second / 60 % 60), digits: 2, at: 20)
        put(":", from: 0, count: 1, at: 22)
        put(Int(second % 60), digits: 2, at: 23)
        put(" GMT", from: 0, count: 4, at: 25)
    }

    /// A day's date in the Gregorian calendar. Years are counted from March here, so that the leap day is a year's last.
    private static func civil(_ daysSince1970: Int64) -> (year: Int, month: Int, day: Int) {
        // From March of the year -400, so that no day is negative.
        var day = Int(daysSince1970) + 719_468 + 146_097
        let cycles = day / 146_097
        day %= 146_097
        let centuries = min(day / 36_524, 3)
        day -= centuries * 36_524
        let leaps = day / 1461
        day %= 1461
        let years = min(day / 365, 3)
        day -= years * 365

        var year = (cycles - 1) * 400 + centuries * 100 + leaps * 4 + years
        var month = 3
        while day >= length(ofMonth: month) {
            day -= length(ofMonth: month)
            month += 1
            if month == 13 {
                month = 1
                year += 1
            }
        }
        return (year, month, day + 1)
    }

    /// February is a year's last month here, so where it has 28 days the 29th is never asked for.
    private static func length(ofMonth month: Int) -> Int {
        switch month {
        case 2: 29
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private func put(_ source: StaticString, from: Int, count: Int, at offset: Int) {
        (text + offset).copyMemory(from: source.utf8Start + from, byteCount: count)
    }

    private func put(_ number: Int, digits: Int, at offset: Int) {
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            text.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: offset + index, as: UInt8.self)
            rest /= 10
        }
    }
}
