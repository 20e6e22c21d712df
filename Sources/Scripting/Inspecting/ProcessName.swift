import Glibc

public enum ProcessName {
    /// The name that ps(1) shows; proc(5). A worker that is confined can't read it, and has its parent do so.
    /// - Returns: empty where there is no such process, or where it can't be seen from here.
    public static func of(_ pid: Int32) -> String {
        let file = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)).filter { $0 != 0x0A }, as: UTF8.self)
    }
}
