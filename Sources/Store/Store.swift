import CSQLite
import Glibc

/// Values by their keys, which outlive the process that works on them: on disk, or in the memory that its parent holds.
///
/// Opened when it is first used. Everything that a call changed is safe from any end of the process when the call returns; in a
/// file from any end of the machine too. For one thread, which waits for the disk, and for other processes up to a second.
public final class Store {
    public enum Place {
        /// A path. Several processes may have it open.
        case file(String)
        /// Nil: new ones, at the first use.
        case memory(MemoryFiles?)
    }

    private let place: Place
    private let limit: Int
    private var database: Database?

    /// - Parameter limit: bytes that the database may take.
    public init(_ place: Place = .memory(nil), limit: Int = 64 << 20) {
        self.place = place
        self.limit = limit
    }

    /// The descriptors that it needs from its parent.
    public var descriptors: [Int32] {
        if case .memory(let files?) = place { files.descriptors } else { [] }
    }

    /// Where its file is; nil: in memory.
    public var path: String? {
        if case .file(let path) = place { path } else { nil }
    }

    /// Whether it is a file, and so worth to be opened before the first use: there may be something wrong with it.
    public var isFile: Bool {
        if case .file = place { true } else { false }
    }

    /// Opens it, where it is not open yet; every other call does that by itself.
    public func open() throws(StoreError) { _ = try opened() }

    /// To be called at the end of the process, so that SQLite puts everything into the one file.
    public func close() { database = nil }

    // MARK: One key

    /// - Parameter take: called with the value, which is valid until it returns.
    /// - Returns: whether there is one.
    public func get(_ key: UnsafeRawBufferPointer, _ take: (StoredValue) -> Void) throws(StoreError) -> Bool {
        try run { database throws(DatabaseFault) in try Store.find(database, key, take) }
    }

    /// - Parameter lifetime: seconds after which the key is gone; nil: never.
    public func set(_ key: UnsafeRawBufferPointer, _ value: StoredValue, lifetime: Double? = nil) throws(StoreError) {
        try change(adding: value.size) { database throws(DatabaseFault) in
            _ = try database.put.with { statement throws(DatabaseFault) in
                statement.bind(1, blob: key)
                statement.bind(2, lifetime.map { Store.now + Int64(($0 * 1000).rounded(.up)) })
                statement.bind(3, value)
                return try statement.step()
            }
        }
    }

    /// - Returns: whether there was one.
    public func delete(_ key: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        try change { database throws(DatabaseFault) in try Store.changes(database, database.delete, key) }
    }

    /// Sets or deletes it, if its value is still the one that is expected. The time when it expires stays as it is.
    /// - Parameters:
    ///   - expected: nil: that there is none.
    ///   - new: nil: deletes it.
    /// - Returns: false where it has another value; then nothing was changed.
    public func replace(_ key: UnsafeRawBufferPointer, _ expected: StoredValue?, with new: StoredValue?) throws(StoreError) -> Bool {
        try change(adding: new?.size ?? 0) { database throws(DatabaseFault) in
            switch (expected, new) {
            case (nil, nil): try !Store.find(database, key) { _ in }
            case (nil, let new?): try Store.changes(database, database.insert, key, new)
            case (let expected?, nil): try Store.changes(database, database.deleteSame, key, nil, expected)
            case (let expected?, let new?): try Store.changes(database, database.update, key, new, expected)
            }
        }
    }

    /// Adds to an integer; where there is none, to 0. The time when it expires stays as it is.
    /// - Returns: the sum.
    public func add(_ number: Int64, to key: UnsafeRawBufferPointer) throws(StoreError) -> Int64 {
        while true {
            var old: Int64?
            if try get(key, { old = $0.integer }), old == nil { throw .notAnInteger }
            let (sum, isOverflow) = (old ?? 0).addingReportingOverflow(number)
            guard !isOverflow else { throw .overflow }
            // Another process may have been here since.
            if try replace(key, old.map { .integer($0) }, with: .integer(sum)) { return sum }
        }
    }

    // MARK: All keys

    /// - Parameter take: called with each key that begins with the prefix, in the order of their bytes.
    public func keys(_ prefix: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void) throws(StoreError) {
        try run { database throws(DatabaseFault) in
            try database.list.with { statement throws(DatabaseFault) in
                statement.bind(1, blob: prefix)
                statement.bind(2, Store.now)
                while try statement.step() {
                    let key = statement.bytes(0)
                    guard key.starts(with: prefix) else { return }
                    take(key)
                }
            }
        }
    }

    // MARK: Inside

    /// Milliseconds since 1970: a time that has to be understood after a restart of the machine.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func find(_ database: Database, _ key: UnsafeRawBufferPointer, _ take: (StoredValue) -> Void) throws(DatabaseFault) -> Bool {
        try database.find.with { statement throws(DatabaseFault) in
            statement.bind(1, blob: key)
            statement.bind(2, now)
            guard try statement.step() else { return false }
            take(statement.value(0))
            return true
        }
    }

    /// - Returns: whether the statement changed anything.
    private static func changes(
        _ database: Database, _ statement: Statement, _ key: UnsafeRawBufferPointer, _ new: StoredValue? = nil, _ old: StoredValue? = nil
    ) throws(DatabaseFault) -> Bool {
        try statement.with { statement throws(DatabaseFault) in
            statement.bind(1, blob: key)
            statement.bind(2, now)
            if let new { statement.bind(3, new) }
            if let old { statement.bind(4, old) }
            _ = try statement.step()
            return database.changes > 0
        }
    }

    /// Takes out what has expired, some at a time.
    /// - Returns: whether anything had.
    private static func purge(_ database: Database) throws(DatabaseFault) -> Bool {
        let time = now
        let isNeeded = try database.expired.with { statement throws(DatabaseFault) in
            statement.bind(2, time)
            return try statement.step()
        }
        guard isNeeded else { return false }
        return try database.write { () throws(DatabaseFault) in
            try database.purge.with { statement throws(DatabaseFault) in
                statement.bind(2, time)
                _ = try statement.step()
                return true
            }
        }
    }

    private func change<Result>(adding size: Int = 0, _ body: (Database) throws(DatabaseFault) -> Result) throws(StoreError) -> Result {
        try run(adding: size) { database throws(DatabaseFault) in
            guard !database.isMoved else { throw DatabaseFault(code: DatabaseFault.moved) }
            guard !database.isTorn else { throw DatabaseFault(code: DatabaseFault.torn) }
            var hadExpired = try Store.purge(database)
            while true {
                do throws(DatabaseFault) {
                    return try database.write { () throws(DatabaseFault) in try body(database) }
                } catch {
                    guard error.primary == SQLITE_FULL, hadExpired else { throw error }
                    hadExpired = try Store.purge(database)
                }
            }
        }
    }

    private func run<Result>(adding size: Int = 0, _ body: (Database) throws(DatabaseFault) -> Result) throws(StoreError) -> Result {
        let database = try opened()
        database.begin()
        do throws(DatabaseFault) {
            return try body(database)
        } catch {
            throw explain(error, database, size)
        }
    }

    private func opened() throws(StoreError) -> Database {
        if let database { return database }
        do throws(DatabaseFault) {
            switch place {
            case .file(let path):
                try Store.make(path)
                database = try Database(path, isMemory: false, limit: limit)
            case .memory(let files):
                guard let files = files ?? MemoryFiles() else { throw DatabaseFault(code: SQLITE_CANTOPEN, systemError: errno) }
                database = try Database(files.name, isMemory: true, limit: limit)
            }
        } catch {
            throw explain(error, nil, 0)
        }
        return database!
    }

    /// Makes the file, before SQLite would with a mode of its own. The two beside it get the same mode.
    private static func make(_ path: String) throws(DatabaseFault) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw DatabaseFault(code: SQLITE_CANTOPEN, systemError: errno) }
        Glibc.close(descriptor)
    }

    private func explain(_ fault: DatabaseFault, _ database: Database?, _ size: Int) -> StoreError {
        let name = if case .file(let path) = place { path } else { "in memory" }
        let code = fault.systemError != 0 ? fault.systemError : database?.systemError ?? 0
        let reason = code == 0 ? "" : String(cString: strerror(code))
        switch fault.primary {
        case DatabaseFault.foreign: return .foreign(name)
        case DatabaseFault.newer: return .newer(name)
        case DatabaseFault.unsuitable: return .unsuitable(name)
        case DatabaseFault.moved: return .moved(name)
        case DatabaseFault.torn: return .torn(name)
        case SQLITE_NOTADB: return .notADatabase(name)
        case SQLITE_CORRUPT: return .damaged(name)
        case SQLITE_CANTOPEN: return .cannotOpen(name, reason: reason)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: return .readOnly(name)
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: return .busy(name)
        case SQLITE_TOOBIG: return .full(limit: limit)
        // SQLite has one code for both. A row needs a little more than its value.
        case SQLITE_FULL:
            let isOurs = database.map { $0.size + size + size / 64 + (64 << 10) > limit } ?? false
            return isOurs ? .full(limit: limit) : .noSpace(name)
        default:
            let said = String(cString: sqlite3_errstr(fault.code))
            return .failed(name, reason: reason.isEmpty ? said : "\(said): \(reason)")
        }
    }
}
