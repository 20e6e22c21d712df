/// A stream as the function that plays it: what came, with the pauses between, and the client's part as remarks.
struct TapeStream {
    private(set) var text: [UInt8] = []
    private let take: Take
    private let items: [StreamItem.Timed]
    private var isFramed: Bool { items.contains { $0.item.isFrame } }
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
        text = [UInt8](ascii: take.isUpgraded ? "upgrade = function(stream)\n" : "body = function(out)\n")
        if isFramed {
            line(take.isUpgraded ? "local out = docker.stream(stream)" : "local frames = docker.stream(out)")
        }
        play()
        text += [UInt8](ascii: "end,\n")
    }

    private enum Beat {
        case item(StreamItem)
        case sent([UInt8])
        case sentAll
        case end
    }

    private mutating func play() {
        var beats = items.map { (time: $0.time, beat: Beat.item($0.item)) }
        if let end = take.down.endTime { beats.append((end, .end)) }
        var sent: [(time: UInt64, beat: Beat)] = []
        if take.isUpgraded {
            var start = 0
            for run in take.up.runs {
                sent.append((run.time, .sent(Array(take.up.bytes[start..<run.end]))))
                start = run.end
            }
            if let end = take.up.endTime { sent.append((end, .sentAll)) }
        }
        let lastSent = take.up.runs.last?.time ?? 0
        for (time, beat) in TapeStream.merged(sent, beats) {
            switch beat {
            case .item(let item):
                pause(until: time)
                add(item)
            case .sent(let bytes): remark(bytes)
            case .sentAll: drain(time)
            case .end:
                pause(until: time)
                endChain()
                // Else the function's own end is the end of both directions.
                if take.isUpgraded, lastSent > time { line("stream:close()") }
            }
        }
        endChain()
        finish()
    }

    /// Of what came at the same time the client's part is first: it is the cause, if either is.
    private static func merged(_ sent: [(time: UInt64, beat: Beat)], _ beats: [(time: UInt64, beat: Beat)]) -> [(time: UInt64, beat: Beat)] {
        var all: [(time: UInt64, beat: Beat)] = []
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

    private mutating func pause(until time: UInt64) {
        let then = TapeContent.hundredths(time - min(time, take.answerTime))
        guard then - now >= TapeStream.shortestPause else { return }
        endChain()
        line("tape.pause(\(TapeContent.seconds(then - now)))")
        now = then
    }

    /// A client that has nothing to send says so at once; only of another is the end worth waiting for.
    private mutating func drain(_ time: UInt64) {
        let then = TapeContent.hundredths(time - min(time, take.answerTime))
        let isAfterEnd = take.down.endTime.map { $0 <= time } ?? false
        guard take.up.count > 0 || then >= TapeReply.shortestDelay && !isAfterEnd else { return }
        guard !isAfterEnd || (take.up.runs.last?.time ?? 0) > (take.down.endTime ?? 0) else { return }
        endChain()
        line("tape.drain(stream)")
        now = max(now, then)
    }

    private mutating func remark(_ bytes: [UInt8]) {
        endChain()
        let isShort = bytes.count <= TapeStream.longestRemark && UTF8Text.isText(bytes)
        let what = isShort ? String(decoding: LuaLiteral.string(bytes), as: UTF8.self) : "\(bytes.count) bytes"
        line("-- the client sends \(what)")
    }

    private mutating func add(_ item: StreamItem) {
        switch item {
        case .stdout(let bytes): chain(":stdout(", bytes)
        case .stderr(let bytes): chain(":stderr(", bytes)
        case .json(let node):
            let start = [UInt8](ascii: "out:write(tape.line ")
            line(start + braced(LuaTable.text(node, indent: 2, column: start.count + 3)) + [UInt8](ascii: ")"))
        case .raw(let bytes):
            endChain()
            line([UInt8](ascii: take.isUpgraded ? "stream:write(" : "out:write(") + LuaLiteral.string(bytes, indent: 4) + [UInt8](ascii: ")"))
        }
    }

    /// A function's only argument needs no parentheses where it is a table, and `json.array {}` is none.
    private func braced(_ table: [UInt8]) -> [UInt8] {
        table.first == UInt8(ascii: "{") ? table : [UInt8](ascii: "(") + table + [UInt8](ascii: ")")
    }

    private mutating func chain(_ call: String, _ bytes: [UInt8]) {
        let link = [UInt8](ascii: call) + LuaLiteral.string(bytes, indent: 4) + [UInt8](ascii: ")")
        if !chain.isEmpty, chain.count + link.count > LuaLiteral.width || link.contains(0x0A) { endChain() }
        if chain.isEmpty { chain = [UInt8](ascii: take.isUpgraded ? "out" : "frames") }
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
            line([UInt8](ascii: "error(") + LuaLiteral.string("the stream broke off here: \(reason)") + [UInt8](ascii: ")"))
        } else if take.ending == .left {
            line("tape.hold()")
        }
    }

    private mutating func line(_ line: String) { self.line([UInt8](ascii: line)) }

    private mutating func line(_ line: [UInt8]) { text += [UInt8](ascii: "  ") + line + [0x0A] }
}

extension StreamItem {
    var isFrame: Bool {
        switch self {
        case .stdout, .stderr: true
        case .json, .raw: false
        }
    }
}
