/// What went wrong with a database: SQLite's result code (sqlite3.h, "Result Codes"), or one of ours.
struct DatabaseFault: Error {
    var code: Int32
    /// The system's error behind it; 0 where there is none.
    var systemError: Int32 = 0

    /// Without the details that an extended code adds.
    var primary: Int32 { code < 0 ? code : code & 0xFF }

    // SQLite's own are positive.

    /// A database, and not of dogger.
    static let foreign: Int32 = -1
    /// Made by a later version than this.
    static let newer: Int32 = -2
    /// On a file system without what the write-ahead log needs.
    static let unsuitable: Int32 = -3
    /// No longer at its path.
    static let moved: Int32 = -4
    /// A file beside it is no longer at its path.
    static let torn: Int32 = -5
}
