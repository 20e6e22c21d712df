import CSQLite
import Glibc

/// Whose turn it is to write, among the doggers on one file. SQLite's lock goes to whoever asks in the right moment, and who writes
/// without a pause asks first each time: on a slow disk nobody else would come in. So a writer holds this one until SQLite's is its
/// own, and who has just written finds it taken.
///
/// It is flock(2) on the write-ahead log: SQLite puts no locks on that, which would all go when any descriptor of the file is closed.
final class Turn {
    private let descriptor: Int32
    /// The files beside the database, as they were when it was opened.
    private let companions: [(path: String, file: ino_t)]
    private var isHeld = false

    /// - Parameter handle: a database with a write-ahead log, which has been read from.
    init(_ handle: OpaquePointer) throws(DatabaseFault) {
        guard let name = sqlite3_db_filename(handle, "main"), let log = sqlite3_filename_wal(name) else { throw DatabaseFault(code: DatabaseFault.unsuitable) }
        descriptor = open(log, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw DatabaseFault(code: SQLITE_CANTOPEN, systemError: errno) }
        companions = [String(cString: log), "\(String(cString: name))-shm"].map { ($0, Turn.file($0)) }
        // Called when SQLite's lock is taken, and nothing is written yet.
        sqlite3_commit_hook(handle, { turn in
            Unmanaged<Turn>.fromOpaque(turn!).takeUnretainedValue().pass()
            return 0
        }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { close(descriptor) }

    /// A log that is not at its path goes with the process, and with it all that was written since.
    var isTorn: Bool { companions.contains { Turn.file($0.path) != $0.file } }

    /// Waits for it, as long as `patience` lasts.
    func take(_ patience: Patience) throws(DatabaseFault) {
        while !isHeld {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                isHeld = true
            } else if errno != EINTR, Patience.wait(patience.context) == 0 {
                throw DatabaseFault(code: SQLITE_BUSY)
            }
        }
    }

    func pass() {
        guard isHeld else { return }
        isHeld = false
        _ = flock(descriptor, LOCK_UN)
    }

    /// 0 where there is none.
    private static func file(_ path: String) -> ino_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_ino : 0
    }
}
