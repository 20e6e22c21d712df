import CSQLite

/// One prepared statement. Use it in `with` only.
final class Statement {
    private let handle: OpaquePointer

    init(_ database: OpaquePointer, _ text: String) throws(DatabaseFault) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw DatabaseFault(code: code) }
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Has it bound and stepped, and makes it ready for the next use.
    func with<Result>(_ body: (Statement) throws(DatabaseFault) -> Result) throws(DatabaseFault) -> Result {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        return try body(self)
    }

    // Bound bytes are not copied: they must stay while `with` runs.

    func bind(_ index: Int32, blob bytes: UnsafeRawBufferPointer) {
        // A null pointer would be NULL, and not an empty run of bytes.
        if bytes.count == 0 { sqlite3_bind_zeroblob(handle, index, 0) } else { sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil) }
    }

    func bind(_ index: Int32, text bytes: UnsafeRawBufferPointer) {
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text64(handle, index, start, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
    }

    func bind(_ index: Int32, _ value: StoredValue) {
        switch value {
        case .string(let bytes): bind(index, blob: bytes)
        case .json(let bytes): bind(index, text: bytes)
        case .integer(let number):
            // SQLITE_TRANSIENT: copied at once.
            sqlite3_bind_text64(handle, index, String(number), ~0, unsafeBitCast(-1, to: sqlite3_destructor_type.self), UInt8(SQLITE_UTF8))
        }
    }

    func bind(_ index: Int32, _ number: Int64?) {
        if let number { sqlite3_bind_int64(handle, index, number) } else { sqlite3_bind_null(handle, index) }
    }

    /// - Returns: whether there is a row, whose columns can be read until the next step or reset.
    func step() throws(DatabaseFault) -> Bool {
        let code = sqlite3_step(handle)
        guard code == SQLITE_ROW || code == SQLITE_DONE else { throw DatabaseFault(code: code) }
        return code == SQLITE_ROW
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    func value(_ column: Int32) -> StoredValue {
        sqlite3_column_type(handle, column) == SQLITE_TEXT ? .json(bytes(column)) : .string(bytes(column))
    }
}
