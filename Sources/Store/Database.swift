import CSQLite
import Glibc

/// An open SQLite database that is a store: its one table, and the statements that work on it.
///
///     CREATE TABLE store (key BLOB NOT NULL UNIQUE, expires INTEGER, value NOT NULL)
///
/// `expires` is in milliseconds since 1970, NULL for never. `value` is a BLOB where the script stored a string, and TEXT, which
/// is JSON, where it stored anything else.
final class Database {
    let handle: OpaquePointer
    private let patience = Patience()
    /// Nil in memory, where nobody waits: workers that have it open at once are of one dogger.
    private let turn: Turn?
    let find, put, insert, update, delete, deleteSame, list, expired, purge: Statement

    /// "dogg", in the file's header.
    private static let application: Int64 = 0x646F_6767
    private static let version: Int64 = 1
    /// Pages that the write-ahead log collects before they are moved into the database: few, so that no write takes long.
    private static let checkpoint = 256

    /// - Parameters:
    ///   - name: a path, or what `MemoryFiles` calls itself.
    ///   - limit: bytes.
    init(_ name: String, isMemory: Bool, limit: Int) throws(DatabaseFault) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(name, &opened, flags, isMemory ? MemoryFiles.system : nil)
        guard let handle = opened else { throw DatabaseFault(code: SQLITE_NOMEM) }
        do throws(DatabaseFault) {
            guard code == SQLITE_OK else { throw DatabaseFault(code: code) }
            sqlite3_busy_handler(handle, { context, _ in Patience.wait(context) }, patience.context)
            patience.begin()
            try Database.prepare(handle, isMemory, limit)
            let isAlive = "(expires IS NULL OR expires > ?2)"
            find = try Statement(handle, "SELECT value FROM store WHERE key = ?1 AND \(isAlive)")
            put = try Statement(handle, """
                INSERT INTO store (key, expires, value) VALUES (?1, ?2, ?3)
                ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, value = excluded.value
                """)
            insert = try Statement(handle, """
                INSERT INTO store (key, value) VALUES (?1, ?3)
                ON CONFLICT (key) DO UPDATE SET expires = NULL, value = excluded.value WHERE expires <= ?2
                """)
            update = try Statement(handle, "UPDATE store SET value = ?3 WHERE key = ?1 AND value IS ?4 AND \(isAlive)")
            delete = try Statement(handle, "DELETE FROM store WHERE key = ?1 AND \(isAlive)")
            deleteSame = try Statement(handle, "DELETE FROM store WHERE key = ?1 AND value IS ?4 AND \(isAlive)")
            list = try Statement(handle, "SELECT key FROM store WHERE key >= ?1 AND \(isAlive) ORDER BY key")
            expired = try Statement(handle, "SELECT 1 FROM store WHERE expires <= ?2 LIMIT 1")
            purge = try Statement(handle, "DELETE FROM store WHERE key IN (SELECT key FROM store WHERE expires <= ?2 LIMIT 1000)")
            turn = try isMemory ? nil : Turn(handle)
        } catch {
            let fault = DatabaseFault(code: error.code, systemError: sqlite3_system_errno(handle))
            sqlite3_close_v2(handle)
            throw fault
        }
        self.handle = handle
    }

    /// The statements are finalized after this, and the handle goes with the last of them.
    deinit { sqlite3_close_v2(handle) }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// The system's error behind the last fault.
    var systemError: Int32 { sqlite3_system_errno(handle) }

    /// The file is no longer at its path.
    var isMoved: Bool {
        var moved: Int32 = 0
        return sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// A file beside it is no longer at its path.
    var isTorn: Bool { turn?.isTorn ?? false }

    /// Begins a call, which may wait a second for other processes.
    func begin() { patience.begin() }

    /// Has one transaction done that writes, after those of other doggers who came first.
    func write<Result>(_ body: () throws(DatabaseFault) -> Result) throws(DatabaseFault) -> Result {
        try turn?.take(patience)
        defer { turn?.pass() }
        return try body()
    }

    /// Bytes of the pages that hold something.
    var size: Int {
        let pages = (try? Database.number(handle, "PRAGMA page_count")) ?? 0
        let free = (try? Database.number(handle, "PRAGMA freelist_count")) ?? 0
        return Int(pages - free) * Int((try? Database.number(handle, "PRAGMA page_size")) ?? 0)
    }

    func execute(_ text: String) throws(DatabaseFault) { try Database.execute(handle, text) }

    private static func execute(_ handle: OpaquePointer, _ text: String) throws(DatabaseFault) {
        let code = sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseFault(code: code) }
    }

    private static func number(_ handle: OpaquePointer, _ text: String) throws(DatabaseFault) -> Int64 {
        let statement = try Statement(handle, text)
        return try statement.step() ? statement.integer(0) : 0
    }

    private static func text(_ handle: OpaquePointer, _ text: String) throws(DatabaseFault) -> String {
        let statement = try Statement(handle, text)
        return try statement.step() ? String(decoding: statement.bytes(0), as: UTF8.self) : ""
    }

    /// Makes a fresh file a store, and sees to it that any other file is one.
    private static func prepare(_ handle: OpaquePointer, _ isMemory: Bool, _ limit: Int) throws(DatabaseFault) {
        if isMemory {
            // They outlive this process, whether it synchronizes them or not.
            try execute(handle, "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF")
        }
        try execute(handle, "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")
        let isNew = try number(handle, "SELECT count(*) FROM sqlite_master") == 0
        let owner = try number(handle, "PRAGMA application_id")
        guard owner == application || (isNew && owner == 0) else { throw DatabaseFault(code: DatabaseFault.foreign) }
        guard try number(handle, "PRAGMA user_version") <= version else { throw DatabaseFault(code: DatabaseFault.newer) }
        if !isMemory {
            guard try text(handle, "PRAGMA journal_mode = WAL") == "wal" else { throw DatabaseFault(code: DatabaseFault.unsuitable) }
            try execute(handle, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = \(checkpoint)")
        }
        if isNew { try create(handle) }
        let pages = try max(Int64(limit) / max(1, number(handle, "PRAGMA page_size")), 1)
        try execute(handle, "PRAGMA max_page_count = \(pages)")
    }

    /// Several processes may come here at once.
    private static func create(_ handle: OpaquePointer) throws(DatabaseFault) {
        try execute(handle, "BEGIN IMMEDIATE")
        do throws(DatabaseFault) {
            try execute(handle, """
                CREATE TABLE IF NOT EXISTS store (key BLOB NOT NULL UNIQUE, expires INTEGER, value NOT NULL);
                CREATE INDEX IF NOT EXISTS expiry ON store (expires) WHERE expires IS NOT NULL;
                PRAGMA application_id = \(application);
                PRAGMA user_version = \(version);
                COMMIT
                """)
        } catch {
            sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }
}
