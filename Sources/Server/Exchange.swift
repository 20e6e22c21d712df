import EventLoop
import Glibc
import HTTP

/// One request and its answer.
///
/// It is made by the server, and used again for another request as soon as nobody else holds it. Whoever does hold it keeps
/// an ended exchange, on which every call does nothing. For the loop's thread only.
public final class Exchange {
    enum Response: UInt8 {
        /// Nothing was answered yet.
        case none
        /// So many bytes are announced, and no others are sent.
        case fixed
        case chunked
        /// HTTP/1.0, or after an upgrade: the end of the connection is the end of the body.
        case untilClose
        /// To HEAD, or with a status that has no body: what is written is dropped.
        case bodiless
        /// After `closeWrite()`.
        case over
    }

    // Of the unchecked ones: they are plain values of one thread, set and read at once, never passed inout to anything that
    // could come back here; the run-time check of that would be a twentieth of a request's cost.

    /// Different for every request of a server, from 1.
    @exclusivity(unchecked) public internal(set) var id: UInt64 = 0
    /// What the head says. Its slices are offsets into `headBytes`.
    @exclusivity(unchecked) public internal(set) var head = RequestHead()
    /// The head's bytes; empty after `RequestHandler.handle` has returned, unless they were kept.
    @exclusivity(unchecked) public internal(set) var headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The head's field lines; empty after `RequestHandler.handle` has returned, unless they were kept.
    @exclusivity(unchecked) public internal(set) var fields = UnsafeBufferPointer<Field>(start: nil, count: 0)
    /// Who is told what happens, from now on; let go at the end.
    @exclusivity(unchecked) public var delegate: (any ExchangeDelegate)?
    /// Who looks on; let go at the end.
    @exclusivity(unchecked) public internal(set) var witness: (any Witness)?

    // Nil as soon as the exchange has ended, and a connection ends its exchange before it goes.
    @exclusivity(unchecked) unowned(unsafe) var connection: Connection?
    @exclusivity(unchecked) var response = Response.none
    /// What is still to be written of a `fixed` response.
    var remaining: UInt64 = 0
    var announced: UInt64 = 0
    /// The request's method is HEAD: no body is sent, whatever is written.
    public internal(set) var isHead = false
    var isUpgraded = false
    var waitsToRead = false
    var waitsToWrite = false
    /// The reader has been told of the client's half-close.
    var hasReadEnd = false
    /// The most that a whole body may have; nil where it is read in chunks.
    var wholeLimit: Int?
    /// A chunked body, put together.
    var collected: ByteBuffer?
    var isTooLarge = false
    /// The witness has seen the whole of the request's body.
    var isBodyTold = false
    /// After the end of a raw stream whose client has left: what it had sent, and nobody has read.
    public internal(set) var rest: ByteBuffer?
    private var isKept = false
    private let kept = ByteBuffer(retained: 4096)

    init() {}

    /// The client's socket; -1 once the exchange has ended.
    public var descriptor: Int32 { connection?.descriptor ?? -1 }

    /// Whether the client came over TCP, and not through a Unix socket's file.
    public var isTCP: Bool { connection?.isTCP ?? false }

    /// Whether the exchange is over, by an answer or because the client is gone.
    public var isEnded: Bool { connection == nil }

    /// After an upgrade: the client is gone, or done both ways, and what it sent last is here.
    public var hasLeft: Bool { connection?.isWatched == false }

    var isAttached: Bool { connection != nil }

    /// Copies the head's bytes and fields, so that they can be used until the exchange ends and for as long after as it is
    /// held. Pointers from before are void with the handler's return, as without.
    public func keepHead() {
        guard !isKept, headBytes.count > 0 else { return }
        isKept = true
        kept.reset()
        // Fields are aligned to 4 bytes, and a buffer's memory begins at a multiple of 16.
        let start = (headBytes.count + 3) & ~3
        let fieldBytes = UnsafeRawBufferPointer(fields)
        let room = kept.writable(minimum: start + fieldBytes.count)
        room.copyMemory(from: headBytes)
        UnsafeMutableRawBufferPointer(rebasing: room[start...]).copyMemory(from: fieldBytes)
        kept.commit(start + fieldBytes.count)
        let base = kept.readable.baseAddress.unsafelyUnwrapped
        headBytes = UnsafeRawBufferPointer(start: base, count: headBytes.count)
        fields = UnsafeBufferPointer(
            start: (base + start).assumingMemoryBound(to: Field.self), count: fields.count)
    }

    /// Takes `rest` over.
    public func takeRest() -> ByteBuffer? { rest.take() }

    // MARK: For the connection

    func start(
        on connection: Connection, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ fields: UnsafeBufferPointer<Field>
    ) {
        id = connection.server.nextID()
        self.connection = connection
        self.head = head
        headBytes = UnsafeRawBufferPointer(rebasing: bytes[..<head.byteCount])
        self.fields = fields
        isHead = head.method.length == 4
            && headBytes.loadUnaligned(fromByteOffset: Int(head.method.offset), as: UInt32.self) == Exchange.headMethod
        response = .none
        isUpgraded = false
        hasReadEnd = false
        wholeLimit = nil
        isTooLarge = false
    }

    /// "HEAD" as it lies in memory.
    private static let headMethod = UInt32(bigEndian: 0x4845_4144)

    /// The handler has returned: the memory that the head lies in is about to be used again.
    func leaveHead() {
        // The answer to an upgrade repeats one of its fields.
        if head.upgrade != nil, isAttached { keepHead() }
        guard !isKept else { return }
        headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        fields = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Gives back what the last request needed.
    func releaseMemory() {
        if collected != nil { collected = nil }
        if rest != nil { rest = nil }
        guard isKept else { return }
        isKept = false
        kept.reset()
        headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        fields = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// It is over: what is called from now on does nothing.
    /// - Parameter failure: why it is over before its end, for the witness.
    func detach(_ failure: String? = nil) {
        if witness != nil { tellOver(isComplete: false, failure) }
        connection = nil
        waitsToRead = false
        waitsToWrite = false
        if delegate != nil { delegate = nil }
    }
}
