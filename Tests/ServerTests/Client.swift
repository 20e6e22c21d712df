import CDogger
import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// A blocking HTTP client, that knows exactly what it sends and gets. No call blocks for longer than 20 s.
final class Client: @unchecked Sendable {
    // Used by one thread at a time.
    let descriptor: Int32
    private var received: [UInt8] = []
    private var isClosed = false

    struct Response: Equatable {
        var status: Int
        var fields: [String: String]
        var body: String
        subscript(name: String) -> String? { fields[name.lowercased()] }
    }

    /// What ends a stream of bytes.
    enum End: Equatable {
        case end, reset, timeout
    }

    init(path: String, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        setUp(receiveBuffer)
        let result = withSocketAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw SystemError("cannot connect") }
    }

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        setUp(receiveBuffer)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError("cannot connect") }
    }

    /// The other side: one that was accepted.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        setUp(nil)
    }

    private func setUp(_ receiveBuffer: Int32?) {
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    deinit { close() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }

    /// Ends the connection with an error for the other side, where it is TCP.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Half-closes: no more is sent, what comes is still read.
    func halfClose() { shutdown(descriptor, Int32(1)) }

    /// - Returns: false when the server takes no more.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Reads once into what was received.
    private func fill() -> End? {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            received += buffer[..<count]
            return nil
        }
        if count == 0 { return .end }
        return errno == EAGAIN ? .timeout : .reset
    }

    /// So many bytes, or fewer at the end.
    func read(_ count: Int) -> String {
        while received.count < count, fill() == nil {}
        defer { received.removeFirst(min(count, received.count)) }
        return String(decoding: received.prefix(count), as: UTF8.self)
    }

    /// So many bytes, or fewer at the end.
    func readBytes(_ count: Int) -> [UInt8] {
        while received.count < count, fill() == nil {}
        let bytes = Array(received.prefix(count))
        received = Array(received.dropFirst(count))
        return bytes
    }

    /// The bytes of a chunked body.
    func readChunkBytes() throws -> [UInt8] {
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        while true {
            let step = received.withUnsafeBytes { decoder.decode($0) }
            switch step {
            case .data(let range, let consumed):
                body += received[range]
                received.removeFirst(consumed)
            case .needMore(let consumed):
                received.removeFirst(consumed)
                let end = fill()
                try #require(end == nil, "the chunks end with \(String(describing: end))")
            case .end(let consumed):
                received.removeFirst(consumed)
                return body
            case .refused(let error): throw error
            }
        }
    }

    /// The next bytes, in whatever number they come.
    func readSome() -> String {
        if received.isEmpty { _ = fill() }
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// The other side has sent all that it will send, and it has arrived.
    var hasAll: Bool {
        var poll = pollfd(fd: descriptor, events: Int16(Events.halfClosed.rawValue), revents: 0)
        return Glibc.poll(&poll, 1, 0) == 1
    }

    /// All that comes, and how it ended.
    func readToEnd() -> (text: String, end: End) {
        while true {
            guard let end = fill() else { continue }
            defer { received = [] }
            return (String(decoding: received, as: UTF8.self), end)
        }
    }

    /// Reads up to and with an empty line.
    func readHead() throws -> (status: Int, fields: [String: String]) {
        var scanned = 0
        while true {
            var index = max(0, scanned - 3)
            while index + 4 <= received.count {
                if Array(received[index..<index + 4]) == Array("\r\n\r\n".utf8) {
                    let lines = String(decoding: received[..<index], as: UTF8.self).split(separator: "\r\n")
                    received.removeFirst(index + 4)
                    return try parse(lines)
                }
                index += 1
            }
            scanned = received.count
            let end = fill()
            try #require(end == nil, "the response ended in its head: \(String(decoding: received, as: UTF8.self))")
        }
    }

    private func parse(_ lines: [Substring]) throws -> (status: Int, fields: [String: String]) {
        let status = try #require(Int(lines[0].split(separator: " ")[1]))
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = try #require(line.firstIndex(of: ":"))
            let name = line[..<colon].lowercased()
            #expect(fields[name] == nil, "the field \(name) comes twice")
            fields[name] = String(line[line.index(colon, offsetBy: 2)...])
        }
        return (status, fields)
    }

    /// The text of a head, with its empty line; shorter where the stream ends.
    func readHeadText() -> String {
        var text = ""
        while !text.hasSuffix("\r\n\r\n") {
            let next = read(1)
            if next.isEmpty { break }
            text += next
        }
        return text
    }

    /// Whether something can be read at once.
    var isReadable: Bool { !received.isEmpty || hasInput(descriptor, wait: 0) }

    /// Reads a whole response, by its framing.
    /// - Parameter hasBody: false after HEAD.
    func readResponse(hasBody: Bool = true) throws -> Response {
        let (status, fields) = try readHead()
        var body = ""
        if !hasBody || status == 204 || status == 304 {
        } else if let length = fields["content-length"].flatMap({ Int($0) }) {
            body = read(length)
            #expect(body.utf8.count == length, "the body is short")
        } else if fields["transfer-encoding"] == "chunked" {
            body = try readChunks()
        } else {
            body = readToEnd().text
        }
        return Response(status: status, fields: fields, body: body)
    }

    private func readChunks() throws -> String {
        var body = ""
        while true {
            let size = try #require(Int(try readLine(), radix: 16))
            body += read(size)
            #expect(read(2) == "\r\n")
            if size == 0 { return body }
        }
    }

    func readLine() throws -> String {
        var line = ""
        while !line.hasSuffix("\r\n") {
            let next = read(1)
            try #require(!next.isEmpty, "the stream ended in a line: \(line)")
            line += next
        }
        return String(line.dropLast(1))
    }
}

extension Exchange {
    /// Answers with strings.
    @discardableResult
    func answer(_ status: Int = 200, _ fields: [(String, String)] = [], _ body: String = "") -> ResponseFault? {
        withFields(fields) { fields in
            var body = body
            return body.withUTF8 { respond(status: status, fields: fields, body: UnsafeRawBufferPointer($0)) }
        }
    }

    @discardableResult
    func begin(_ status: Int = 200, _ fields: [(String, String)] = []) -> ResponseFault? {
        withFields(fields) { begin(status: status, fields: $0) }
    }

    @discardableResult
    func upgrade(_ fields: [(String, String)]) -> ResponseFault? {
        withFields(fields) { upgrade(fields: $0) }
    }

    @discardableResult
    func put(_ text: String) -> WriteOutcome {
        var text = text
        return text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    private func withFields<Result>(
        _ fields: [(String, String)], _ body: (UnsafeBufferPointer<ResponseField>) -> Result
    ) -> Result {
        let copies = fields.map { (Array($0.0.utf8), Array($0.1.utf8)) }
        var list: [ResponseField] = []
        func next(_ index: Int) -> Result {
            guard index < copies.count else { return list.withUnsafeBufferPointer(body) }
            return copies[index].0.withUnsafeBytes { name in
                copies[index].1.withUnsafeBytes { value in
                    list.append(ResponseField(name: name, value: value))
                    return next(index + 1)
                }
            }
        }
        return next(0)
    }

    var target: String { String(decoding: head.target.bytes(in: headBytes), as: UTF8.self) }
    var method: String { String(decoding: head.method.bytes(in: headBytes), as: UTF8.self) }
}

extension UnsafeRawBufferPointer {
    var text: String { String(decoding: self, as: UTF8.self) }
}

/// A delegate made of closures.
final class Waiter: ExchangeDelegate {
    var onRead: (Exchange) -> Void = { _ in }
    var onWrite: (Exchange) -> Void = { _ in }
    var onClose: (Exchange, CloseReason) -> Void = { _, _ in }

    func exchangeCanRead(_ exchange: Exchange) { onRead(exchange) }
    func exchangeCanWrite(_ exchange: Exchange) { onWrite(exchange) }
    func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason) { onClose(exchange, reason) }
}

extension Exchange {
    /// Reads the whole body, whenever it has come, then calls.
    func whenRead(limit: Int = 1 << 30, _ body: @escaping (Exchange, WholeBody) -> Void) {
        let waiter = Waiter()
        waiter.onRead = { exchange in
            let result = exchange.readBody(limit: limit)
            if case .wait = result { return }
            body(exchange, result)
        }
        delegate = waiter
        waiter.onRead(self)
    }
}

/// A request with a Host field.
func request(_ line: String, _ fields: String = "", body: String = "") -> String {
    "\(line) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\(body)"
}
