import HTTP

/// The fields of an upstream's answer that go on to the client.
enum RelayedFields {
    /// - Parameters:
    ///   - replacement: fields in place of the upstream's.
    ///   - keepsLength: with the upstream's Content-Length, if it has one.
    ///   - body: called with those that are passed on, which are there during the call only.
    static func with<Result>(
        _ response: UpstreamExchange, _ replacement: UnsafeBufferPointer<ResponseField>?, keepsLength: Bool,
        _ body: (UnsafeBufferPointer<ResponseField>) -> Result
    ) -> Result {
        let count = replacement?.count ?? response.fields.count
        // All, those that are left, and the length.
        return withUnsafeTemporaryAllocation(of: ResponseField.self, capacity: 2 * count + 1) { room in
            for index in 0..<count {
                if let replacement {
                    room[index] = replacement[index]
                } else {
                    let field = response.fields[index]
                    room[index] = ResponseField(
                        name: field.name.bytes(in: response.headBytes), value: field.value.bytes(in: response.headBytes))
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
            if replacement != nil, keepsLength, let length = response.firstValue(of: lengthName) {
                room[end] = ResponseField(
                    name: UnsafeRawBufferPointer(start: lengthName.utf8Start, count: lengthName.utf8CodeUnitCount), value: length)
                end += 1
            }
            return body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(room)[count..<end]))
        }
    }

    private static let lengthName: StaticString = "Content-Length"
}
