import CDogger
import Glibc

/// What a descriptor's other end can show.
public enum Terminal {
    /// Columns; nil where it is no terminal, or does not tell.
    public static func width(_ descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        let columns = dg_terminal_columns(descriptor)
        return columns > 0 ? Int(columns) : nil
    }

    /// Whether colours are wanted there: on a terminal that has them, unless NO_COLOR is set (https://no-color.org).
    public static func hasColors(_ descriptor: Int32) -> Bool {
        guard isatty(descriptor) == 1, getenv("NO_COLOR").map({ $0.pointee == 0 }) ?? true else { return false }
        return getenv("TERM").map { String(cString: $0) } != "dumb"
    }
}
