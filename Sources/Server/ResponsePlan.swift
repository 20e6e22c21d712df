import HTTP

/// What a response's fields say about the server's own part: they are checked, and those that the server writes itself are
/// taken out.
struct ResponsePlan {
    private(set) var contentLength: UInt64?
    private(set) var closes = false
    private(set) var hasDate = false
    /// Which of the first 64 fields are left out, so that most need not be looked at twice.
    private var omitted: UInt64 = 0

    /// - Returns: nil where the response can be sent.
    mutating func check(_ status: Int, _ fields: UnsafeBufferPointer<ResponseField>) -> ResponseFault? {
        if let error = ResponseError.check(status: status) { return .malformed(error) }
        guard status >= 200 else { return .interimStatus(status) }
        for index in 0..<fields.count {
            let field = fields[index]
            if let error = ResponseError.check(field) { return .malformed(error) }
            let known = KnownField(field.name)
            if known == .other { continue }
            if let fault = note(known, field.value) { return fault }
            if ResponsePlan.isOmitted(known), index < 64 { omitted |= 1 << UInt64(index) }
        }
        return nil
    }

    private mutating func note(_ field: KnownField, _ value: UnsafeRawBufferPointer) -> ResponseFault? {
        switch field {
        case .contentLength:
            guard contentLength == nil else { return .repeatedContentLength }
            contentLength = ResponsePlan.decimal(value)
            return contentLength == nil ? .malformedContentLength : nil
        case .transferEncoding:
            return .transferEncoding
        case .connection:
            if ResponsePlan.names("close", in: value) { closes = true }
            return nil
        case .date:
            hasDate = true
            return nil
        case .expect, .host, .keepAlive, .proxyConnection, .te, .trailer, .upgrade, .other:
            return nil
        }
    }

    /// Those about this connection are the server's, RFC 9110 section 7.6.1. Upgrade stays: a 426 names protocols in it.
    private static func isOmitted(_ field: KnownField) -> Bool {
        switch field {
        case .connection, .contentLength, .keepAlive, .proxyConnection, .trailer: true
        case .date, .expect, .host, .te, .transferEncoding, .upgrade, .other: false
        }
    }

    func append(_ fields: UnsafeBufferPointer<ResponseField>, to output: ByteBuffer) {
        for index in 0..<fields.count {
            let field = fields[index]
            let isLeftOut = index < 64 ? omitted & (1 << UInt64(index)) != 0 : ResponsePlan.isOmitted(KnownField(field.name))
            if !isLeftOut { output.appendField(field) }
        }
    }

    /// Digits and nothing else, RFC 9110 section 8.6; nil for anything else, and from 2^63 on.
    static func decimal(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard text.count > 0 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10, value <= (UInt64(Int64.max) - UInt64(digit)) / 10 else { return nil }
            value = value * 10 + UInt64(digit)
        }
        return value
    }

    /// Whether a comma-separated list has an element, in any case.
    static func names(_ element: StaticString, in list: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position < list.count {
            let end = list[position...].firstIndex(of: UInt8(ascii: ",")) ?? list.count
            var first = position
            var last = end
            while first < last, isBlank(list[first]) { first += 1 }
            while first < last, isBlank(list[last - 1]) { last -= 1 }
            if last - first == element.utf8CodeUnitCount {
                var index = 0
                while first + index < last, list[first + index] | 0x20 == element.utf8Start[index] { index += 1 }
                if first + index == last { return true }
            }
            position = end + 1
        }
        return false
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
