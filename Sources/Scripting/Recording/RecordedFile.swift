import EventLoop
import Glibc

/// Why a recording can't be kept: a sentence.
public struct RecordingFault: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ error: SystemError) { self.init(error.description) }
}

/// A file that is written anew each time, and is whole at every moment: readers see the old text or the new one.
struct RecordedFile {
    let path: String
    private let realPath: String
    private let mode: mode_t

    /// - Parameter mark: what a file of this kind begins with. Another file is not overwritten.
    /// - Throws: with a sentence, where the file can't be written or is something else.
    init(_ path: String, mark: String) throws(RecordingFault) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else {
            // It holds what containers have in their environment: that is for its owner to give away.
            mode = 0o600
            realPath = path
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RecordingFault("\(path) is not a regular file: name one that is, or a new one")
        }
        if status.st_size > 0, !RecordedFile.begins(path, with: mark) {
            throw RecordingFault("\(path) is there already and was not recorded by dogger: name another file, or remove it")
        }
        mode = status.st_mode & 0o777
        // A link stays one.
        let real = realpath(path, nil)
        defer { free(real) }
        realPath = real.map { String(cString: $0) } ?? path
    }

    private static func begins(_ path: String, with mark: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: mark.utf8.count)
        return read(descriptor, &bytes, bytes.count) == bytes.count && bytes.elementsEqual(mark.utf8)
    }

    /// - Parameter isLast: it has to outlive even the machine.
    /// - Throws: with a sentence; the old file is as it was.
    func write(_ text: [UInt8], isLast: Bool) throws(RecordingFault) {
        do throws(SystemError) {
            try WholeFile.write(text, to: realPath, mode: mode, isDurable: isLast)
        } catch {
            throw RecordingFault(error)
        }
    }
}
