import Glibc

/// Times as people and HAR files write them.
enum UTC {
    /// `2026-01-31 at 12:00:00 UTC`
    /// - Parameter nanoseconds: since 1970.
    static func text(_ nanoseconds: UInt64) -> String {
        let time = broken(nanoseconds)
        return "\(date(time)) at \(clock(time)) UTC"
    }

    /// ISO 8601: `2026-01-31T12:00:00.000Z`
    static func iso(_ nanoseconds: UInt64) -> String {
        let time = broken(nanoseconds)
        return "\(date(time))T\(clock(time)).\(padded(Int(nanoseconds / 1_000_000 % 1000), 3))Z"
    }

    private static func broken(_ nanoseconds: UInt64) -> tm {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var result = tm()
        gmtime_r(&seconds, &result)
        return result
    }

    private static func date(_ time: tm) -> String {
        "\(padded(Int(time.tm_year) + 1900, 4))-\(padded(Int(time.tm_mon) + 1, 2))-\(padded(Int(time.tm_mday), 2))"
    }

    private static func clock(_ time: tm) -> String {
        "\(padded(Int(time.tm_hour), 2)):\(padded(Int(time.tm_min), 2)):\(padded(Int(time.tm_sec), 2))"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
