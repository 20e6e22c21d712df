import CDogger
import Glibc

public enum Environment {
    /// What the program was started with, its own name first. As CommandLine's, and there where no /proc is mounted too.
    public static var arguments: [String] {
        var texts: [String] = []
        var next = dg_arguments()
        while let text = next.pointee {
            texts.append(String(cString: text))
            next += 1
        }
        return texts
    }

    /// A variable of this process's environment; nil where it is not set, or empty.
    public static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
