/// Why the store did not do what was asked of it; nothing was changed then.
public enum StoreError: Error, Equatable {
    /// `reason` is the system's; empty where it gave none.
    case cannotOpen(String, reason: String)
    case notADatabase(String)
    case damaged(String)
    case foreign(String)
    case newer(String)
    case unsuitable(String)
    case readOnly(String)
    case busy(String)
    case moved(String)
    case torn(String)
    case noSpace(String)
    /// Bytes of the limit.
    case full(limit: Int)
    case failed(String, reason: String)
    case notAnInteger
    case overflow

    /// One sentence, or two.
    public var message: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "the store \(path) can't be opened\(reason.isEmpty ? "" : ": \(reason)"). SQLite makes two files beside it, \(path)-wal and \(path)-shm: its directory must be there, and writable"
        case .notADatabase(let path):
            "the store \(path) is not an SQLite database, and was left as it is: name another file with --store"
        case .damaged(let path):
            "the store \(path) is damaged: take a copy of it, and what can be saved with `sqlite3 \(path) .recover`; or name another file with --store"
        case .foreign(let path):
            "the store \(path) is an SQLite database of another program, and was left as it is: name another file with --store"
        case .newer(let path):
            "the store \(path) was made by a newer dogger than this one: run that, or name another file with --store"
        case .unsuitable(let path):
            "the store \(path) is on a file system that can't hold it, as SQLite's write-ahead log needs shared memory: name a file on a local disk with --store"
        case .readOnly(let path): "the store \(path) may not be written to: check the modes of the file and of its directory"
        case .busy(let path): "the store \(path) is busy: another process has held it for a second"
        case .moved(let path): "the store \(path) was moved or removed while dogger had it open: put it back, or restart dogger"
        case .torn(let path):
            "\(path)-wal or \(path)-shm, which belong to the store \(path), were moved or removed while dogger had them open: restart dogger, which first puts all that was stored into \(path)"
        case .noSpace(let path): "there is no space left on the disk of the store \(path)"
        case .full(let limit): "the store is full: what it holds may take \(readable(limit)), and --store-limit raises that"
        case .failed(let path, let reason): "the store \(path) failed: \(reason)"
        case .notAnInteger: "store.incr: the value is not an integer of 64 bits"
        case .overflow: "store.incr: the sum is not an integer of 64 bits"
        }
    }

    private func readable(_ bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : bytes % 1024 == 0 ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
    }
}
