import ArgumentParser

/// A number of bytes: `65536`, `64KiB`, `256MiB`, `1GiB`.
struct ByteCount: ExpressibleByArgument {
    var bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    /// For an option, so that one who writes it wrongly sees a right one.
    @Sendable static func parse(_ text: String) throws -> ByteCount {
        guard let size = ByteCount(argument: text) else { throw ValidationError("write a size as 65536, 64KiB or 256MiB") }
        return size
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let units = ["": 1, "B": 1, "KiB": 1 << 10, "K": 1 << 10, "MiB": 1 << 20, "M": 1 << 20, "GiB": 1 << 30, "G": 1 << 30]
        guard let number = Int(digits), let unit = units[String(argument.dropFirst(digits.count))] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, bytes > 0 else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20)MiB" : bytes % 1024 == 0 ? "\(bytes >> 10)KiB" : "\(bytes)"
    }
}

/// A time: `10s`, `500ms`, `1.5s`, `2m`; a bare number is seconds.
struct Duration: ExpressibleByArgument {
    var nanoseconds: UInt64

    init(seconds: Double) { nanoseconds = UInt64(seconds * 1e9) }

    /// For an option.
    @Sendable static func parse(_ text: String) throws -> Duration {
        guard let time = Duration(argument: text) else { throw ValidationError("write a time as 500ms, 10s or 2m") }
        return time
    }

    init?(argument: String) {
        let number = argument.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
        let units = ["": 1.0, "s": 1, "ms": 1e-3, "m": 60, "h": 3600]
        guard let value = Double(number), let unit = units[String(argument.dropFirst(number.count))] else { return nil }
        let seconds = value * unit
        guard seconds > 0, seconds <= 1e9 else { return nil }
        self.init(seconds: seconds)
    }

    var defaultValueDescription: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
    }
}

/// Where to listen on TCP: `127.0.0.1:9000`, `[::1]:9000`, `:9000` (loopback).
struct TCPAddress: ExpressibleByArgument {
    var host: String
    var port: UInt16

    /// For an option.
    @Sendable static func parse(_ text: String) throws -> TCPAddress {
        guard let address = TCPAddress(argument: text) else { throw ValidationError("write an address as 127.0.0.1:9000, [::1]:9000 or :9000") }
        return address
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...]) else { return nil }
        var host = String(argument[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) } else if host.contains(":") { return nil }
        self.host = host.isEmpty ? "127.0.0.1" : host
        self.port = port
    }

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
