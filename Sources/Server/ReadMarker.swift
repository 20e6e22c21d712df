import CDogger
import EventLoop

/// A descriptor that is sent for the mark it makes in a stream, see `SocketOutput.flushApart`: the end of a pipe whose other end is
/// closed, so that a client that picks it up can do nothing with it.
struct ReadMarker: ~Copyable {
    private let descriptor: Descriptor

    init() {
        var ends: [Int32] = [-1, -1]
        if dg_pipe(&ends) == 0 { _ = Descriptor(owning: ends[1]) }
        descriptor = Descriptor(owning: ends[0])
    }

    /// -1 where none could be made: a message with it is not sent.
    var number: Int32 { descriptor.number }
}
