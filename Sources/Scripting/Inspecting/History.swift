/// The last items of many: at most so many, with at most so many bytes. They are numbered from 1, in their order.
struct History<Item> {
    let mostItems: Int
    let mostBytes: Int
    private var entries: [(item: Item, bytes: Int)] = []
    /// Of the oldest that is kept, or of the next where there is none.
    private(set) var first = 1
    private(set) var bytes = 0

    init(mostItems: Int, mostBytes: Int) {
        self.mostItems = mostItems
        self.mostBytes = mostBytes
    }

    var items: [Item] { entries.map(\.item) }
    var nextNumber: Int { first + entries.count }

    subscript(number: Int) -> Item? { entries.indices.contains(number - first) ? entries[number - first].item : nil }

    /// - Returns: what there is no room for any more.
    mutating func add(_ item: Item, bytes: Int) -> [Item] {
        entries.append((item, bytes))
        self.bytes += bytes
        return trim()
    }

    /// An item takes another number of bytes now. Nothing when it is not kept.
    /// - Returns: what there is no room for any more; the item itself, where it is too large for all.
    mutating func resize(_ number: Int, to bytes: Int) -> [Item] {
        guard entries.indices.contains(number - first) else { return [] }
        self.bytes += bytes - entries[number - first].bytes
        entries[number - first].bytes = bytes
        return trim()
    }

    mutating func removeAll() -> [Item] { remove(entries.count) }

    private mutating func trim() -> [Item] {
        var surplus = max(entries.count - mostItems, 0)
        var left = bytes - entries[..<surplus].reduce(0) { $0 + $1.bytes }
        while left > mostBytes {
            left -= entries[surplus].bytes
            surplus += 1
        }
        return surplus == 0 ? [] : remove(surplus)
    }

    private mutating func remove(_ count: Int) -> [Item] {
        let gone = entries[..<count]
        bytes -= gone.reduce(0) { $0 + $1.bytes }
        entries.removeFirst(count)
        first += count
        return gone.map(\.item)
    }
}
