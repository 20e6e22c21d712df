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
    /// About what is no route.
    private var remarks: [[UInt8]] = []
    private var orders = NameOrders()
    /// All exchanges, with those that are only remarks.
    private(set) var count = 0
    private var room = RecordingRoom()
    /// Exchanges that went by after the tape was full.
    var missed = 0

    private static let mostRemarks = 100

    /// Whether no more is to be added.
    var isFull: Bool { room.isFull }

    init(_ title: Title) { self.title = title }

    /// Adds an exchange that has ended, after others that may have begun later.
    mutating func add(_ take: Take) {
        count += 1
        let reply = TapeReply(take, room: room.forBody, &orders)
        let key = reply.method + [0x20] + reply.path.text
        guard reply.path.isRoutable else { return remark("a route can't say this path", key) }
        if reply.status == 0, case .broken(let reason) = take.ending { return remark("no answer. \(reason)", key) }
        guard let index = indexOfRoute[key] else {
            indexOfRoute[key] = routes.count
            routes.append((key, [reply]))
            room.take(reply.size)
            return
        }
        let place = routes[index].replies.lastIndex { $0.number < reply.number }.map { $0 + 1 } ?? 0
        if place == routes[index].replies.count, place > 0, routes[index].replies[place - 1].isSame(as: reply) {
            routes[index].replies[place - 1].times += 1
        } else {
            routes[index].replies.insert(reply, at: place)
            room.take(reply.size)
        }
    }

    private mutating func remark(_ text: String, _ key: [UInt8]) {
        if remarks.count < Tape.mostRemarks { remarks.append(LuaLiteral.string(key + Array(": \(text)".utf8))) }
    }

    // MARK: The text

    var text: [UInt8] {
        let replies = routes.flatMap(\.replies)
        let isDocker = replies.contains { $0.path.hasDockerVersion }
        var text = heading
        var requires = ""
        if isDocker || replies.contains(where: \.usesDocker) { requires += "local docker = require \"dogger.docker\"\n" }
        if replies.contains(where: \.usesJSON) { requires += "local json = require \"dogger.json\"\n" }
        if !requires.isEmpty { text.add("\n", requires) }
        text.add("""

            -- How fast the tape plays: 10 is ten times as fast as it was recorded, math.huge leaves all pauses out.
            local SPEED = 1

            local tape = require("dogger.tape").open { speed = SPEED
            """)
        let shared = sharedHeaders(replies)
        if !shared.isEmpty {
            text.add(", headers = ")
            text.add(TapeReply.table(of: shared, column: 60))
        }
        text.add(" }\n\n")
        let orders = orders.text
        text.add(orders.isEmpty ? "return " : "local routes = ", isDocker ? "docker.api {\n\n" : "{\n\n")
        for route in merged(isDocker) { Tape.add(route, shared, to: &text) }
        text.add("""
              -- Whatever was not recorded. Without this line it goes on to the next handler or the upstream.
              ["* /{path...}"] = tape.missing,
            }

            """)
        if !orders.isEmpty { Tape.add(orders, to: &text) }
        return text
    }

    private static func add(_ route: TapeRoute, _ shared: [TapeReply.Header], to text: inout [UInt8]) {
        var lines = Array("[".utf8)
        lines.add(LuaLiteral.string(route.pattern))
        lines.add("] = tape.play ")
        lines.add(route.text(shared))
        lines.add(",\n\n")
        text.add(lines.indented(by: 2))
    }

    private static func add(_ orders: [UInt8], to text: inout [UInt8]) {
        text.add("""

            -- The order in which the names of JSON objects came, where it is not the alphabet's: docker inspect prints it. Nothing
            -- else depends on it; names that are not here come in the alphabet's order.
            tape.order [[

            """)
        text.add(orders)
        text.add("]]\n\nreturn routes\n")
    }

    /// The routes under the paths that they get: without Docker's version, or as they are.
    private func merged(_ isDocker: Bool) -> [TapeRoute] {
        var merged: [TapeRoute] = []
        var indexOfRoute: [[UInt8]: Int] = [:]
        for route in routes.sorted(by: { $0.replies[0].number < $1.replies[0].number }) {
            let first = route.replies[0]
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

    /// What every answer says: named once, on top.
    private func sharedHeaders(_ replies: [TapeReply]) -> [TapeReply.Header] {
        let plain = replies.filter { $0.status != 0 && !$0.isUpgrade && !$0.isReplaced }
        guard plain.count > 1, let first = plain.first else { return [] }
        return first.headers.filter { header in
            Take.lowercased(header.name) != "content-type"
                && plain.allSatisfy { $0.headers.contains { $0.name == header.name && $0.values == header.values } }
        }
    }

    private var heading: [UInt8] {
        let about = title.command.map { ": \($0)" } ?? "."
        var text: [UInt8] = []
        text.add("""
            \(Tape.mark)\(DoggerVersion.number) on \(UTC.text(title.begin)), in front of \(title.upstream)\(about)
            -- Replay it with
            --
            --   dogger run \(title.file) -- \(title.command ?? "docker ps")
            --
            -- The answers of a route are given in the order in which they were recorded, and the last one again from then on.
            -- Left out are the headers of requests, and credentials; but look through a tape before you share it: what
            -- containers have in their environment, and what was typed into them, is in it.

            """)
        if !remarks.isEmpty {
            text.add("--\n-- Not on the tape:\n")
            for remark in remarks {
                text.add("--   ")
                text.add(remark)
                text.add("\n")
            }
        }
        if missed > 0 { text.add("--\n-- The tape was full then: \(missed) later exchanges are not on it.\n") }
        return text
    }

    /// How every tape begins.
    static let mark = "-- Recorded by dogger "
}
