/// How the log tells what goes by.
public enum LogStyle: Equatable, Sendable {
    /// A line when a request begins, its body under it: for files and pipes.
    case plain
    /// A line in columns when a request has ended: for people who look on. Errors show the script's line.
    case aligned(colors: Bool)
    /// Each line is a JSON object.
    case json

    /// What suits whoever is at the other end of a descriptor.
    public static func suiting(_ descriptor: Int32) -> LogStyle {
        Terminal.isTerminal(descriptor) ? .aligned(colors: Terminal.hasColors(descriptor)) : .plain
    }

    /// Whether a request is told at its end, with what came of it.
    var tellsEnds: Bool { self != .plain }
}
