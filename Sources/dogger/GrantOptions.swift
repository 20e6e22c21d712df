import ArgumentParser
import Glibc
import Scripting

/// What scripts may reach outside of their VM; the same for every command that runs scripts.
struct GrantOptions: ParsableArguments {
    @Option(help: ArgumentHelp(
        "Let scripts read the files in this directory and below, with dogger.read_file. May be repeated, as the others.", valueName: "dir"),
        completion: .directory)
    var allowRead: [String] = []

    @Option(help: ArgumentHelp("Let scripts ask this server: host:port, host:*, unix:///path, or * for all.", valueName: "address"),
        transform: { text in
            guard let destination = Grants.Destination(text) else {
                throw ValidationError("write host:port, host:* for all its ports, unix:///path, or * for all")
            }
            return destination
        })
    var allowNet: [Grants.Destination] = []

    @Option(help: ArgumentHelp("Let scripts see this variable of the environment, with dogger.env; PREFIX_* for all that begin so.", valueName: "name"))
    var allowEnv: [String] = []

    var grants: Grants {
        var grants = Grants()
        grants.read = allowRead
        grants.net = allowNet
        grants.env = allowEnv
        return grants
    }

    func validate() throws {
        for path in allowRead where access(path, R_OK) != 0 {
            throw ValidationError("--allow-read \(path) can't be granted: \(String(cString: strerror(errno)))")
        }
        for name in allowEnv where name.isEmpty || name.contains("=") || name.dropLast().contains("*") {
            throw ValidationError("--allow-env '\(name)' names no variable: write NAME, or PREFIX_* for all that begin so")
        }
    }
}
