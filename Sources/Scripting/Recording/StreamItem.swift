/// What a stream says, bit by bit: the frames of Docker's attach and logs, JSON documents, or bytes.
enum StreamItem: Equatable {
    case stdout([UInt8])
    case stderr([UInt8])
    case json(JSONNode)
    case raw([UInt8])

    struct Timed {
        /// When its last byte came.
        var time: UInt64
        var item: StreamItem
    }

    /// Takes a stream apart. All is frames, or all is documents, but for what broke off at the end; else it stays bytes, run by
    /// run.
    /// - Parameter isOpaque: it stays bytes.
    static func items(of track: Track, isOpaque: Bool = false) -> [Timed] {
        if track.bytes.isEmpty { return [] }
        if !isOpaque, let items = frames(of: track) ?? documents(of: track) { return items }
        var start = 0
        return track.runs.map { run in
            defer { start = run.end }
            return Timed(time: run.time, item: .raw(Array(track.bytes[start..<run.end])))
        }
    }

    /// 8 bytes (the stream, three zeros, a big-endian length), then the payload.
    private static func frames(of track: Track) -> [Timed]? {
        let bytes = track.bytes
        var items: [Timed] = []
        var clock = Clock(track)
        var position = 0
        while position + 8 <= bytes.count {
            let stream = bytes[position]
            guard stream == 1 || stream == 2, bytes[position + 1..<position + 4].allSatisfy({ $0 == 0 }) else { return nil }
            let length = bytes[position + 4..<position + 8].reduce(0) { $0 << 8 | Int($1) }
            let end = position + 8 + length
            guard end <= bytes.count else { break }
            let payload = Array(bytes[position + 8..<end])
            items.append(Timed(time: clock.time(of: end), item: stream == 1 ? .stdout(payload) : .stderr(payload)))
            position = end
        }
        return whole(items, position, track)
    }

    private static func documents(of track: Track) -> [Timed]? {
        guard let first = track.bytes.first(where: { $0 > 0x20 }), "{[".utf8.contains(first) else { return nil }
        return track.bytes.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var items: [Timed] = []
            var clock = Clock(track)
            while !reader.isAtEnd {
                let start = reader.position
                switch reader.next() {
                case .value(let node):
                    guard LuaTable.registers(node) < mostRegisters else { return nil }
                    switch node {
                    case .object, .array: break
                    default: return nil
                    }
                    items.append(Timed(time: clock.time(of: reader.position), item: .json(node)))
                case .incomplete: return whole(items, start, track)
                case .malformed: return nil
                }
            }
            return items
        }
    }

    /// What a function of a tape may need, with room for the calls around a table.
    static let mostRegisters = 200

    /// With what broke off at the end; nil where nothing came before that, or where it is not an end that was cut off.
    private static func whole(_ items: [Timed], _ position: Int, _ track: Track) -> [Timed]? {
        guard position < track.bytes.count else { return items }
        guard !items.isEmpty, let last = track.runs.last else { return nil }
        return items + [Timed(time: last.time, item: .raw(Array(track.bytes[position...])))]
    }

    /// Finds the time of a byte, for positions that only go up.
    private struct Clock {
        let track: Track
        var index = 0

        init(_ track: Track) { self.track = track }

        /// - Parameter end: behind the byte.
        mutating func time(of end: Int) -> UInt64 {
            while index + 1 < track.runs.count, track.runs[index].end < end { index += 1 }
            return track.runs[index].time
        }
    }
}
