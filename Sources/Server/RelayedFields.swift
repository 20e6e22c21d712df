import HTTP

/// The fields of an upstream's answer that go on to the client.
enum RelayedFields {
    /// - Parameters:
    ///   - fields, bytes: of the upstream's head.
    ///   - replacement: fields in their place.
    ///   - keepsLength: with the upstream's Content-Length, if it has one.
    ///   - body: called with those that are passed on, which are there during the call only.
    static func with<Result>(
        _ fields: UnsafeBufferPointer<Field>, _ bytes: UnsafeRawBufferPointer, replacement: UnsafeBufferPointer<ResponseField>? = nil,
        keepsLength: Bool,
        _ body: (UnsafeBufferPointer<ResponseField>) -> Result
    ) -> Result {
        let count = replacement?.count ?? fields.count
        // All, those that are left, and the length.
        return withUnsafeTemporaryAllocation(of: ResponseField.self, capacity: 2 * count + 1) { room in
            for index in 0..<count {
                if let replacement {
                    room[index] = replacement[index]
                } else {
                    room[index] = ResponseField(name: fields[index].name.bytes(in: bytes), value: fields[index].value.bytes(in: bytes))
                }
            }
            let all = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(room)[..<count])
            let filter = HopByHopFilter(all)
            var end = count
            for field in all {
                let known = KnownField(field.name)
                if replacement != nil || !keepsLength, known == .contentLength { continue }
                if filter.drops(field.name, known) { continue }
                room[end] = field
                end += 1
            }
            if replacement != nil, keepsLength, let length = fields.firstValue(of: lengthName, in: bytes)?.bytes(in: bytes) {
                room[end] = ResponseField(
                    name: UnsafeRawBufferPointer(start: lengthName.utf8Start, count: lengthName.utf8CodeUnitCount), value: length)
                end += 1
            }
            return body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(room)[count..<end]))
        }
    }

    private static let lengthName: StaticString = "Content-Length"
}
