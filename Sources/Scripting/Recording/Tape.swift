import Glibc

/// A recording as a handler that plays it: the text of a Lua file.
struct Tape {
    /// What was recorded, for the tape's first lines.
    struct Title {
        /// Nanoseconds since 1970.
        var begin: UInt64
        var upstream: String
        /// The command that was recorded, if one was: its first words.
        var command: String?
        /// As it is to be named on a command line.
        var file: String
    }

    private let title: Title
    /// By method and path, never without a reply; each one's replies by their requests'.
    private var routes: [(key: [UInt8], replies: [TapeReply])] = []
    private var indexOfRoute: [[UInt8]: Int] = [:]
    private var remarks: [[UInt8]] = []
    private var orders = NameOrders()
    /// All exchanges, with those that are only remarks.
    private(set) var count = 0
    /// About the bytes of the text.
    private(set) var size = 0
    /// Exchanges that went by after the tape was full.
    var missed = 0

    init(_ title: Title) { self.title = title }

    /// Adds an exchange that has ended, after others that may have begun later.
    mutating func add(_ take: Take) {
        count += 1
        let reply = TapeReply(take, &orders)
        let key = reply.method + [0x20] + reply.path.text
        guard reply.path.isRoutable else { return remark(key + [UInt8](ascii: ": a route can't say this path")) }
        if reply.status == 0, case .broken(let reason) = take.ending {
            return remark(key + [UInt8](ascii: ": no answer. ") + LuaLiteral.string(reason))
        }
        guard let index = indexOfRoute[key] else {
            indexOfRoute[key] = routes.count
            size += reply.content.count + 200
            return routes.append((key, [reply]))
        }
        let replies = routes[index].replies
        let place = replies.lastIndex { $0.number < reply.number }.map { $0 + 1 } ?? 0
        if place == replies.count, let last = replies.last, last.isSame(as: reply) {
            routes[index].replies[place - 1].times += 1
        } else {
            size += reply.content.count + 200
            routes[index].replies.insert(reply, at: place)
        }
    }

    private mutating func remark(_ text: [UInt8]) {
        if remarks.count < 100 { remarks.append(LuaLiteral.string(text)) }
    }

    // MARK: The text

    var text: [UInt8] {
        let isDocker = routes.contains { $0.replies.contains { $0.path.hasDockerVersion } }
        let shared = sharedHeaders
        var body: [UInt8] = []
        for route in merged(isDocker) { append(route, shared, to: &body) }
        body += [UInt8](ascii: "  -- Whatever was not recorded. Without this line it goes on to the next handler or the upstream.\n")
        body += [UInt8](ascii: "  [\"* /{path...}\"] = tape.missing,\n}")

        var requires: [UInt8] = []
        let orderLists = orders.text
        let code = (isDocker ? [UInt8](ascii: "docker.api {\n\n") : [UInt8](ascii: "{\n\n")) + body
        let replies = routes.flatMap(\.replies)
        if isDocker || replies.contains(where: \.usesDocker) { requires += [UInt8](ascii: "local docker = require \"dogger.docker\"\n") }
        if replies.contains(where: \.usesJSON) { requires += [UInt8](ascii: "local json = require \"dogger.json\"\n") }
        var text = heading + (requires.isEmpty ? [] : [0x0A] + requires)
        text += [UInt8](ascii: "\n-- How fast the tape plays: 10 is ten times as fast as it was recorded, math.huge leaves all pauses out.\nlocal SPEED = 1\n\n")
        text += [UInt8](ascii: "local tape = require(\"dogger.tape\").open { speed = SPEED")
        if !shared.isEmpty { text += [UInt8](ascii: ", headers = ") + TapeReplyText.table(of: shared, indent: 0, column: 60) }
        text += [UInt8](ascii: " }\n\n")
        guard !orderLists.isEmpty else { return text + [UInt8](ascii: "return ") + code + [0x0A] }
        text += [UInt8](ascii: "local routes = ") + code + [UInt8](ascii: "\n\n")
        text += [UInt8](ascii: "-- The order in which the names of JSON objects came, where it is not the alphabet's: docker inspect prints it. Nothing else\n")
        text += [UInt8](ascii: "-- depends on it; names that are not here come in the alphabet's order.\n")
        return text + [UInt8](ascii: "tape.order [[\n") + orderLists + [UInt8](ascii: "]]\n\nreturn routes\n")
    }

    /// The routes under the paths that they get: without Docker's version, or as they are.
    private func merged(_ isDocker: Bool) -> [TapeRoute] {
        var merged: [TapeRoute] = []
        var indexOfRoute: [[UInt8]: Int] = [:]
        for route in routes.sorted(by: { $0.replies[0].number < $1.replies[0].number }) {
            guard let first = route.replies.first else { continue }
            let pattern = first.method + [0x20] + (isDocker ? first.path.withoutVersion : first.path.text)
            if let index = indexOfRoute[pattern] {
                merged[index].replies = (merged[index].replies + route.replies).sorted { $0.number < $1.number }
            } else {
                indexOfRoute[pattern] = merged.count
                merged.append(TapeRoute(pattern: pattern, replies: route.replies))
            }
        }
        return merged
    }

    private func append(_ route: TapeRoute, _ shared: [TapeReply.Header], to text: inout [UInt8]) {
        text += [UInt8](ascii: "  [") + LuaLiteral.string(route.pattern) + [UInt8](ascii: "] = tape.play ")
        text += route.text(shared).indented(by: 2).dropFirst(2) + [UInt8](ascii: ",\n\n")
    }

    /// What every answer says: named once, on top.
    private var sharedHeaders: [TapeReply.Header] {
        let replies = routes.flatMap(\.replies).filter { $0.status != 0 && !$0.isUpgrade && !$0.isReplaced }
        guard replies.count > 1, let first = replies.first else { return [] }
        return first.headers.filter { header in
            Take.lowercased(header.name) != "content-type"
                && replies.allSatisfy { $0.headers.contains { $0.name == header.name && $0.values == header.values } }
        }
    }

    private var heading: [UInt8] {
        var lines = ["Recorded by dogger \(DoggerVersion.number) on \(Calendar.text(title.begin)), in front of \(title.upstream)"]
        lines[0] += title.command.map { ": \($0)" } ?? "."
        lines += ["Replay it with", ""]
        lines.append("  dogger run \(title.file) -- \(title.command ?? "docker ps")")
        lines += [
            "", "The answers of a route are given in the order in which they were recorded, and the last one again from then on. Left",
            "out are the headers of requests, and credentials; but look through a tape before you share it: what containers have in",
            "their environment, and what was typed into them, is in it.",
        ]
        var text: [UInt8] = []
        for line in lines { text += [UInt8](ascii: line.isEmpty ? "--\n" : "-- \(line)\n") }
        if !remarks.isEmpty {
            text += [UInt8](ascii: "--\n-- Not on the tape:\n")
            for remark in remarks { text += [UInt8](ascii: "--   ") + remark + [0x0A] }
        }
        if missed > 0 { text += [UInt8](ascii: "--\n-- The tape was full then: \(missed) later exchanges are not on it.\n") }
        return text
    }

    /// How every tape begins.
    static let mark = "-- Recorded by dogger "
}
