import CDogger
import CSQLite
import Glibc

/// A database that lives in memory and outlives the process that works on it: two files without a name (memfd_create(2)), the
/// database and its journal, that a parent holds and every worker inherits. SQLite reaches them through a file system of ours
/// (sqlite3.h, "OS Interface Object"), in which a name is the two descriptors' numbers, `5,6`, and `5,6-journal` is the journal.
/// Two workers may have the database open at once: one that finishes its requests, and the one that has taken over.
public struct MemoryFiles: Sendable {
    /// The database's, and the journal's. Open as long as the process lives.
    public let descriptors: [Int32]

    /// Nil where the system has no memory, or no descriptor left.
    public init?() {
        let database = dg_memory_file("dogger-store")
        let journal = dg_memory_file("dogger-journal")
        guard database >= 0, journal >= 0 else {
            close(database)
            close(journal)
            return nil
        }
        descriptors = [database, journal]
    }

    var name: String { "\(descriptors[0]),\(descriptors[1])" }

    /// The file system's name.
    static let system: String = {
        registration
        return name
    }()

    private static let name = "dogger-memory"

    /// Done once in a process, and for good.
    private static let registration: Void = {
        // SQLite's own for what is no file: time and chance. There is one in every build of it.
        let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        system.initialize(to: sqlite3_vfs_find(nil).pointee)
        system.pointee.zName = UnsafePointer(strdup(name))
        system.pointee.pNext = nil
        system.pointee.szOsFile = Int32(MemoryFile.size)
        system.pointee.mxPathname = 64
        system.pointee.xFullPathname = { _, name, size, out in
            strncpy(out!, name!, Int(size))
            return SQLITE_OK
        }
        system.pointee.xOpen = { _, name, file, flags, outFlags in
            file!.pointee.pMethods = nil
            guard let descriptor = MemoryFiles.descriptor(name), flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL) != 0 else { return SQLITE_CANTOPEN }
            MemoryFile(file).descriptor = descriptor
            file!.pointee.pMethods = MemoryFile.methods
            outFlags?.pointee = flags
            return SQLITE_OK
        }
        // A journal that is deleted is an empty one.
        system.pointee.xDelete = { _, name, _ in
            guard let descriptor = MemoryFiles.descriptor(name) else { return SQLITE_OK }
            return ftruncate(descriptor, 0) == 0 ? SQLITE_OK : SQLITE_IOERR
        }
        system.pointee.xAccess = { _, name, _, out in
            var status = stat()
            guard let descriptor = MemoryFiles.descriptor(name), fstat(descriptor, &status) == 0 else {
                out!.pointee = 0
                return SQLITE_OK
            }
            out!.pointee = status.st_size > 0 ? 1 : 0
            return SQLITE_OK
        }
        sqlite3_vfs_register(system, 0)
    }()

    /// Nil for a file that this file system does not have.
    private static func descriptor(_ name: UnsafePointer<CChar>?) -> Int32? {
        guard let name else { return nil }
        let text = String(cString: name)
        let parts = text.split(separator: ",")
        guard parts.count == 2 else { return nil }
        if let journal = Int32(parts[1]) { return journal >= 0 ? Int32(parts[0]) : nil }
        return parts[1].hasSuffix("-journal") ? Int32(parts[1].dropLast("-journal".count)) : nil
    }
}

/// An open one, in the memory that SQLite has for it: SQLite's own part, and behind it the descriptor.
private struct MemoryFile {
    static let size = MemoryLayout<sqlite3_file>.stride + MemoryLayout<Int32>.stride
    private let place: UnsafeMutablePointer<Int32>

    init(_ file: UnsafeMutablePointer<sqlite3_file>?) {
        // SQLite never gives none, and has `size` bytes there, aligned for a pointer.
        place = (UnsafeMutableRawPointer(file!) + MemoryLayout<sqlite3_file>.stride).assumingMemoryBound(to: Int32.self)
    }

    var descriptor: Int32 {
        get { place.pointee }
        nonmutating set { place.pointee = newValue }
    }

    // Written once, before anybody reads it, and never freed.
    nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: sqlite3_io_methods())
        methods.pointee.iVersion = 1
        // The descriptors are not ours to close.
        methods.pointee.xClose = { _ in SQLITE_OK }
        methods.pointee.xRead = { file, bytes, count, offset in
            let done = repeated(Int(count)) { pread(MemoryFile(file).descriptor, bytes! + $0, Int(count) - $0, Int(offset) + $0) }
            guard done >= 0 else { return SQLITE_IOERR }
            if done == count { return SQLITE_OK }
            memset(bytes! + done, 0, Int(count) - done)
            return Int32(CSQLITE_IOERR_SHORT_READ)
        }
        methods.pointee.xWrite = { file, bytes, count, offset in
            let done = repeated(Int(count)) { pwrite(MemoryFile(file).descriptor, bytes! + $0, Int(count) - $0, Int(offset) + $0) }
            return done == count ? SQLITE_OK : errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR
        }
        methods.pointee.xTruncate = { file, size in ftruncate(MemoryFile(file).descriptor, Int(size)) == 0 ? SQLITE_OK : SQLITE_IOERR }
        methods.pointee.xSync = { _, _ in SQLITE_OK }
        methods.pointee.xFileSize = { file, size in
            var status = stat()
            guard fstat(MemoryFile(file).descriptor, &status) == 0 else { return SQLITE_IOERR }
            size!.pointee = sqlite3_int64(status.st_size)
            return SQLITE_OK
        }
        // Whoever reads keeps the others out as well: there is one lock, and for a short time.
        methods.pointee.xLock = { file, _ in setLock(MemoryFile(file).descriptor, F_WRLCK) ? SQLITE_OK : SQLITE_BUSY }
        methods.pointee.xUnlock = { file, level in
            if level == SQLITE_LOCK_NONE { _ = setLock(MemoryFile(file).descriptor, F_UNLCK) }
            return SQLITE_OK
        }
        methods.pointee.xCheckReservedLock = { _, out in
            out!.pointee = 0
            return SQLITE_OK
        }
        methods.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.pointee.xSectorSize = { _ in 4096 }
        methods.pointee.xDeviceCharacteristics = { _ in 0 }
        return UnsafePointer(methods)
    }()

    /// A lock of this process, fcntl(2), which is gone with it. Locks of open files would be one with the parent's and all workers'.
    private static func setLock(_ descriptor: Int32, _ type: Int32) -> Bool {
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_SETLK, &lock) == 0
    }

    /// Calls until `count` bytes are done or no more are; a signal interrupts such calls.
    /// - Returns: how many bytes are done; -1 at an error.
    private static func repeated(_ count: Int, _ call: (Int) -> Int) -> Int {
        var done = 0
        while done < count {
            let more = call(done)
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { return more < 0 ? -1 : done }
            done += more
        }
        return done
    }
}
