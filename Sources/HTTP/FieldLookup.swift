/// Looking through a head's fields. `head` is always the bytes that the parser was given.
extension UnsafeBufferPointer where Element == Field {
    /// The value of the first field of a name, in any case.
    public func firstValue(of name: UnsafeRawBufferPointer, in head: UnsafeRawBufferPointer) -> Slice? {
        for field in self where ByteClass.equalIgnoringCase(field.name.bytes(in: head), name) { return field.value }
        return nil
    }

    /// The value of the first field of a name, in any case.
    public func firstValue(of name: StaticString, in head: UnsafeRawBufferPointer) -> Slice? {
        firstValue(of: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), in: head)
    }

    /// Whether a Connection field lists a name, so that whoever forwards the message leaves out the fields of that name
    /// (RFC 9110 section 7.6.1), besides those that ``KnownField/isHopByHop`` tells.
    public func connectionNames(_ name: UnsafeRawBufferPointer, in head: UnsafeRawBufferPointer) -> Bool {
        guard let start = head.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        for field in self where KnownField(field.name.bytes(in: head)) == .connection {
            var elements = ListElements(field.value, in: start)
            while let element = elements.next() {
                if ByteClass.equalIgnoringCase(element.bytes(in: head), name) { return true }
            }
        }
        return false
    }
}
