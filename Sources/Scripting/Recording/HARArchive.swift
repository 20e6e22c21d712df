/// A recording as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), which browsers' tools and others read.
struct HARArchive {
    /// By the begin of the exchange.
    private var entries: [(number: Int, text: [UInt8])] = []
    private var room = RecordingRoom()

    /// Whether no more is to be added.
    var isFull: Bool { room.isFull }

    /// Adds an exchange that has ended, after others that may have begun later.
    mutating func add(_ take: Take) {
        let text = JSONText.compact(HAREntry(take, bodyRoom: room.forBody).node)
        room.take(text.count)
        let place = entries.lastIndex { $0.number < take.number }.map { $0 + 1 } ?? 0
        entries.insert((take.number, text), at: place)
    }

    var text: [UInt8] {
        let creator = JSONNode.object([.init("name", .text("dogger")), .init("version", .text("\(DoggerVersion.number)"))])
        var text: [UInt8] = []
        text.add(HARArchive.mark, "\"version\":\"1.2\",\"creator\":")
        text.add(JSONText.compact(creator))
        text.add(",\"entries\":[")
        for (index, entry) in entries.enumerated() {
            text.add(index == 0 ? "\n" : ",\n")
            text.add(entry.text)
        }
        text.add("\n]}}\n")
        return text
    }

    /// How every archive begins.
    static let mark = "{\"log\":{"
}
