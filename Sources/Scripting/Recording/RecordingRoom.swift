/// How much a recording holds. A handler has 64 MiB at most, and to be written anew after each exchange, a recording should not be too
/// long. Long bodies have most of the room together, and what remains is for the other exchanges.
struct RecordingRoom {
    /// Bytes.
    private var used = 0

    private static let most = 48 << 20
    private static let forBodies = 40 << 20
    /// So long a body is kept for as long as there is any room.
    private static let shortBody = 64 << 10

    /// Whether nothing more is to be added.
    var isFull: Bool { used > RecordingRoom.most }

    /// The bytes that the next exchange's body may have; what is longer is left out.
    var forBody: Int { max(RecordingRoom.forBodies - used, RecordingRoom.shortBody) }

    mutating func take(_ bytes: Int) { used += bytes }
}
