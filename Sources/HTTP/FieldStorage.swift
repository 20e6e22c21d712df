/// The fields of one head: memory that is used again for the next, so that a request allocates nothing.
struct FieldStorage: ~Copyable {
    private var base: UnsafeMutablePointer<Field>?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit { base?.deallocate() }

    var fields: UnsafeBufferPointer<Field> { UnsafeBufferPointer(start: base, count: count) }

    @inline(__always)
    mutating func append(_ field: Field) {
        if count == capacity { grow() }
        // grow() has made base non-nil.
        base.unsafelyUnwrapped[count] = field
        count &+= 1
    }

    private mutating func grow() {
        let larger = max(16, capacity * 2)
        let moved = UnsafeMutablePointer<Field>.allocate(capacity: larger)
        if let base {
            moved.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = moved
        capacity = larger
    }

    mutating func removeAll() { count = 0 }

    /// Gives the memory back, for a connection that goes idle.
    mutating func release() {
        base?.deallocate()
        base = nil
        capacity = 0
        count = 0
    }
}
