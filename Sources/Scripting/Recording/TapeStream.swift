/// A stream as the function that plays it: what came, with the pauses between, and the client's part as remarks.
struct TapeStream {
    private(set) var text: [UInt8] = []
    private let take: Take
    private let items: [StreamItem.Timed]
    /// Where the play has come to. Hundredths of a second.
    private var now = 0
    /// Frames that stand in one line.
    private var chain: [UInt8] = []

    /// Pauses shorter than this are put together with the next. Hundredths of a second.
    private static let shortestPause = 2
    private static let longestRemark = 60

    init(_ take: Take, _ items: [StreamItem.Timed]) {
        self.take = take
        self.items = items
        text.add(take.isUpgraded ? "upgrade = function(stream)\n" : "body = function(out)\n")
        if items.contains(where: \.item.isFrame) {
            line(take.isUpgraded ? "local out = docker.stream(stream)" : "local frames = docker.stream(out)")
        }
        play()
        text.add("end,\n")
    }

    private typealias TimedBeat = (time: UInt64, beat: Beat)

    private enum Beat {
        case item(StreamItem)
        case end
        /// Of the client.
        case sent([UInt8])
        case sentAll
    }

    private mutating func play() {
        var beats: [TimedBeat] = items.map { ($0.time, .item($0.item)) }
        if let end = take.down.endTime { beats.append((end, .end)) }
        for (time, beat) in TapeStream.merged(sentBeats, beats) {
            switch beat {
            case .item(let item):
                pause(until: time)
                add(item)
            case .end:
                pause(until: time)
                endChain()
                // Else the function's own end is the end of both directions.
                if take.isUpgraded, lastSent > time { line("stream:close()") }
            case .sent(let bytes): remark(bytes)
            case .sentAll: drain(time)
            }
        }
        endChain()
        finish()
    }

    private var sentBeats: [TimedBeat] {
        guard take.isUpgraded else { return [] }
        var start = 0
        var beats: [TimedBeat] = take.up.runs.map { run in
            defer { start = run.end }
            return (run.time, .sent(Array(take.up.bytes[start..<run.end])))
        }
        if let end = take.up.endTime { beats.append((end, .sentAll)) }
        return beats
    }

    private var lastSent: UInt64 { take.up.runs.last?.time ?? 0 }

    /// Of what came at the same time the client's part is first: it is the cause, if either is.
    private static func merged(_ sent: [TimedBeat], _ beats: [TimedBeat]) -> [TimedBeat] {
        var all: [TimedBeat] = []
        var next = 0
        for beat in beats {
            while next < sent.count, sent[next].time <= beat.time {
                all.append(sent[next])
                next += 1
            }
            all.append(beat)
        }
        return all + sent[next...]
    }

    // MARK: Lines

    private func offset(_ time: UInt64) -> Int { TapeContent.hundredths(time - min(time, take.answerTime)) }

    private mutating func pause(until time: UInt64) {
        let then = offset(time)
        guard then - now >= TapeStream.shortestPause else { return }
        endChain()
        line("tape.pause(\(TapeContent.seconds(then - now)))")
        now = then
    }

    /// The client's half-close. One who has nothing to send closes at once, and one whom the stream's end tells to, after it:
    /// neither is worth waiting for.
    private mutating func drain(_ time: UInt64) {
        if let end = take.down.endTime, end <= time {
            guard lastSent > end else { return }
        } else {
            guard take.up.count > 0 || offset(time) >= TapeReply.shortestDelay else { return }
        }
        endChain()
        line("tape.drain(stream)")
        now = max(now, offset(time))
    }

    private mutating func remark(_ bytes: [UInt8]) {
        endChain()
        let isShort = bytes.count <= TapeStream.longestRemark && UTF8Text.isText(bytes)
        line("-- the client sends \(isShort ? LuaLiteral.text(bytes) : "\(bytes.count) bytes")")
    }

    private mutating func add(_ item: StreamItem) {
        switch item {
        case .stdout(let bytes): chain(":stdout(", bytes)
        case .stderr(let bytes): chain(":stderr(", bytes)
        case .json(let node):
            let call = "out:write(tape.line "
            let table = LuaTable.text(node, indent: 2, column: call.utf8.count + 3)
            // A function's only argument needs no parentheses where it is a table, and json.array {} is none.
            let isTable = table.first == UInt8(ascii: "{")
            line(Array((isTable ? call : "out:write(tape.line(").utf8) + table + Array((isTable ? ")" : "))").utf8))
        case .raw(let bytes):
            endChain()
            let call = take.isUpgraded ? "stream:write(" : "out:write("
            line(Array(call.utf8) + LuaLiteral.string(bytes, indent: 4) + [UInt8(ascii: ")")])
        }
    }

    private mutating func chain(_ call: String, _ bytes: [UInt8]) {
        let link = Array(call.utf8) + LuaLiteral.string(bytes, indent: 4) + [UInt8(ascii: ")")]
        if !chain.isEmpty, chain.count + link.count > LuaLiteral.width || link.contains(0x0A) { endChain() }
        if chain.isEmpty { chain.add(take.isUpgraded ? "out" : "frames") }
        chain += link
    }

    private mutating func endChain() {
        guard !chain.isEmpty else { return }
        line(chain)
        chain = []
    }

    private mutating func finish() {
        if take.down.isCut {
            line("error(\"the tape leaves out the other \(take.down.count - take.down.bytes.count) bytes of this stream\")")
        } else if case .broken(let reason) = take.ending {
            line("error(\(LuaLiteral.text(Array("the stream broke off here: \(reason)".utf8))))")
        } else if take.ending == .left {
            line("tape.hold()")
        }
    }

    private mutating func line(_ line: String) { self.line(Array(line.utf8)) }

    private mutating func line(_ line: [UInt8]) {
        text.add("  ")
        text.add(line)
        text.add("\n")
    }
}

extension StreamItem {
    fileprivate var isFrame: Bool {
        switch self {
        case .stdout, .stderr: true
        case .json, .raw: false
        }
    }
}
