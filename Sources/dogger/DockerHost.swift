import FoundationEssentials
import Scripting

/// Where the docker client would find its engine: `DOCKER_HOST`, the context in use, or the usual socket.
enum DockerHost {
    private struct Config: Decodable { var currentContext: String? }

    private struct Context: Decodable {
        struct Endpoint: Decodable {
            var Host: String?
        }
        var Name: String
        var Endpoints: [String: Endpoint]
    }

    static let usual = "unix:///var/run/docker.sock"

    /// As docker's command line decides it: DOCKER_HOST, then DOCKER_CONTEXT, then the configuration's current context.
    /// - Throws: `Failure` when the context in use has no address.
    static func address() throws -> String {
        if let host = Environment.variable("DOCKER_HOST") { return host }
        let folder = Environment.variable("DOCKER_CONFIG") ?? "\(Environment.variable("HOME") ?? "")/.docker"
        let decoder = JSONDecoder()
        let config = read("\(folder)/config.json").flatMap { try? decoder.decode(Config.self, from: $0) }
        guard let name = Environment.variable("DOCKER_CONTEXT") ?? config?.currentContext, !name.isEmpty, name != "default" else { return usual }
        // A context's folder is named by a hash of its name; the name itself stands in the file.
        let contexts = "\(folder)/contexts/meta"
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: contexts)) ?? [] {
            guard let data = read("\(contexts)/\(entry)/meta.json"), let context = try? decoder.decode(Context.self, from: data),
                context.Name == name
            else { continue }
            if let host = context.Endpoints["docker"]?.Host, !host.isEmpty { return host }
        }
        throw Failure("the docker context in use, '\(name)', has no address under \(contexts): name one with --upstream unix:///path")
    }

    private static func read(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }
}
