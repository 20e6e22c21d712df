import ArgumentParser
import Scripting
import Server
import Store

/// What clients and scripts may use; the same for every command that runs scripts.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The most bytes of a request's head; past it the client gets 431. (default: 64KiB)", valueName: "size"), transform: ByteCount.parse)
    var headLimit = ByteCount(64 << 10)

    @Option(help: ArgumentHelp("How long a client may take to send a head; then 408. (default: 10s)", valueName: "time"), transform: Duration.parse)
    var headTimeout = Duration(seconds: 10)

    @Option(help: ArgumentHelp("The most bytes of a body that a script reads whole; past it 413. Streaming has no limit. (default: 64MiB)", valueName: "size"), transform: ByteCount.parse)
    var bodyLimit = ByteCount(64 << 20)

    @Option(help: ArgumentHelp("The CPU time that a script may use between two waits; past it 503. (default: 1s)", valueName: "time"), transform: Duration.parse)
    var scriptTimeout = Duration(seconds: 1)

    @Option(help: ArgumentHelp("The memory of a script's VM; past it 503. (default: 256MiB)", valueName: "size"), transform: ByteCount.parse)
    var memoryLimit = ByteCount(256 << 20)

    @Option(help: ArgumentHelp("The most bytes of what scripts keep in dogger.store; past it setting more is an error. (default: 64MiB)", valueName: "size"), transform: ByteCount.parse)
    var storeLimit = ByteCount(64 << 20)

    var scripting: ScriptingOptions {
        var options = ScriptingOptions()
        options.limits.memory = memoryLimit.bytes
        options.limits.scriptTimeout = scriptTimeout.nanoseconds
        options.bodyLimit = bodyLimit.bytes
        options.store = Store(limit: storeLimit.bytes)
        return options
    }

    var server: ServerOptions {
        var options = ServerOptions()
        options.headLimits.bytes = headLimit.bytes
        options.headTimeout = headTimeout.nanoseconds
        return options
    }
}
