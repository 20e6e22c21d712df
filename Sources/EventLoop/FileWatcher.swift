import CDogger
import Glibc

/// Says when the file at the end of a path is another one, or has other contents (inotify(7)).
///
/// It watches directories and not files, for editors save by renaming over. It knows a save by the end of a writing (not by
/// its start: half a file is no version), a rename, a creation or a deletion, anywhere on the way to the file: the file,
/// the links that lead to it, and the directories above. Its events go before those of sockets in the same batch: a request
/// that follows a save sees the save.
public final class FileWatcher: EventSource {
    /// A watched directory, and what names in it mean.
    private struct Watch {
        let directory: String
        var names: [String: WatchPlan.Name]
    }

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let onChange: ([String]) -> Void
    private var paths: Set<String> = []
    private var watches: [Int32: Watch] = [:]
    private var isOpen = true

    private static let always =
        UInt32(IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    private static let bufferSize = 64 * 1024

    /// - Parameter onChange: called on the loop with the paths, in order, that may have changed since they were reported last;
    ///   one call for all that the kernel had to tell.
    public init(_ loop: EventLoop, onChange: @escaping ([String]) -> Void) throws(SystemError) {
        self.loop = loop
        self.onChange = onChange
        descriptor = try Descriptor(inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)), "cannot watch files")
        try loop.add(descriptor.number, .readable, self, first: true)
    }

    /// Watches these files, and no others, from now on. A directory that can't be watched (no permission, no such directory
    /// yet) is left out; the nearest existing one above tells when it appears. A change before this call is not reported:
    /// whoever reads a file first and watches it then has to look at it once more.
    /// - Parameter paths: absolute paths; nothing need exist there.
    public func watch(_ paths: Set<String>) {
        guard isOpen else { return }
        self.paths = paths
        resolve()
    }

    /// Stops watching; `onChange` is not called any more.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        loop.remove(descriptor.number)
        for watch in watches.keys { inotify_rm_watch(descriptor.number, watch) }
        watches = [:]
    }

    public func ready(_ events: Events) {
        var changed: Set<String> = []
        var isMoved = false
        withUnsafeTemporaryAllocation(byteCount: FileWatcher.bufferSize, alignment: 8) { buffer in
            while true {
                let count = read(descriptor.number, buffer.baseAddress!, buffer.count)
                guard count > 0 else { break }
                var offset = 0
                while offset < count {
                    let event = buffer.baseAddress! + offset
                    let header = event.loadUnaligned(as: inotify_event.self)
                    // The name follows the header, padded with zeros.
                    let start = event + MemoryLayout<inotify_event>.size
                    let name = header.len > 0 ? String(cString: start.assumingMemoryBound(to: CChar.self)) : ""
                    note(header, name, &changed, &isMoved)
                    offset += MemoryLayout<inotify_event>.size + Int(header.len)
                }
            }
        }
        // Before the report, so that what changes after it is seen.
        if isMoved { resolve() }
        if !changed.isEmpty { onChange(changed.sorted()) }
    }

    private func note(_ event: inotify_event, _ name: String, _ changed: inout Set<String>, _ isMoved: inout Bool) {
        let mask = Int32(bitPattern: event.mask)
        if mask & Int32(IN_Q_OVERFLOW) != 0 {
            changed = paths
            isMoved = true
            return
        }
        guard let watch = watches[event.wd] else { return }
        if mask & Int32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) != 0 {
            for entry in watch.names.values { changed.formUnion(entry.files.union(entry.passing)) }
            isMoved = true
            return
        }
        guard mask & Int32(IN_IGNORED) == 0, let entry = watch.names[name] else { return }
        if !entry.passing.isEmpty {
            changed.formUnion(entry.passing)
            isMoved = true
        }
        guard !entry.files.isEmpty else { return }
        if mask & Int32(IN_CREATE) != 0, FileWatcher.isBeingWritten("\(watch.directory)/\(name)") { return }
        changed.formUnion(entry.files)
        // It may be a link now, or none any more.
        if mask & Int32(IN_CLOSE_WRITE) == 0 { isMoved = true }
    }

    /// A new regular file is empty yet, and the end of its writing is an event of its own. A second hard link is not written.
    private static func isBeingWritten(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
    }

    private func resolve() {
        var plan = WatchPlan(paths)
        while true {
            apply(plan)
            // What appeared between the look and the watch would be missed.
            let again = WatchPlan(paths)
            if again == plan { return }
            plan = again
        }
    }

    private func apply(_ plan: WatchPlan) {
        var found: [Int32: Watch] = [:]
        for (directory, names) in plan.directories {
            // Written files matter only where a path ends: a busy directory on the way should not wake anybody.
            let hasFiles = names.values.contains { !$0.files.isEmpty }
            let mask = FileWatcher.always | (hasFiles ? UInt32(IN_CLOSE_WRITE) : 0)
            let number = inotify_add_watch(descriptor.number, directory, mask)
            guard number >= 0 else { continue }
            // Two paths to one directory (a bind mount) share a watch.
            found[number, default: Watch(directory: directory, names: [:])].names.merge(names) { first, second in
                WatchPlan.Name(
                    files: first.files.union(second.files), passing: first.passing.union(second.passing))
            }
        }
        for number in watches.keys where found[number] == nil { inotify_rm_watch(descriptor.number, number) }
        watches = found
    }
}
