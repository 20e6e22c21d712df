/// Words of commands that dogger proposes. They may hold what others wrote, and are there to be copied into a shell.
public enum ShellWord {
    /// The word as a shell takes it (POSIX.1, 2.2.2), in one line; what can't stand in one is left out.
    public static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { ($0 | 0x20) &- UInt8(ascii: "a") < 26 || "0123456789_-./:=@%+,".utf8.contains($0) }
        if isPlain, !word.isEmpty { return word }
        let text = UTF8Text.isText(Array(word.utf8)) ? word.filter { !$0.isNewline } : "..."
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
