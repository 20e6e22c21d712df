import CDogger
import EventLoop
import Glibc
import HTTP

/// Docker's hijack: the connection becomes a raw stream both ways.
extension Exchange {
    /// Answers `101 UPGRADED`, or to a client that asked for no upgrade `200`, as Docker's engine does; from then on
    /// `readChunk`, `write` and `closeWrite` are raw. What is left of the request's body is dropped.
    /// - Parameter fields: beside Connection and Upgrade, which are written by the server. Without a Content-Type among them it
    ///   is `application/vnd.docker.raw-stream`.
    /// - Returns: why nothing was sent; nil if it was.
    public func upgrade(
        fields: UnsafeBufferPointer<ResponseField> = UnsafeBufferPointer(start: nil, count: 0)
    ) -> ResponseFault? {
        let hasType = fields.contains { Exchange.isContentType($0.name) }
        return becomeRaw(switchingTo: offeredProtocol, fields, addsContentType: !hasType)
    }

    /// What the client would like best to switch to; nil where it asked for no upgrade.
    var offeredProtocol: UnsafeRawBufferPointer? { head.upgrade.map { Exchange.firstProtocol($0.bytes(in: headBytes)) } }

    /// - Parameters:
    ///   - proto: what 101 names; nil for 200.
    ///   - reason: the words after 101, without control bytes; nil for Docker's.
    func becomeRaw(
        switchingTo proto: UnsafeRawBufferPointer?, reason: UnsafeRawBufferPointer? = nil,
        _ fields: UnsafeBufferPointer<ResponseField>, addsContentType: Bool
    ) -> ResponseFault? {
        guard let connection else { return .ended }
        guard response == .none else { return .begun }
        var plan = ResponsePlan()
        // 101 is not a script's to send, so the check is for the 200.
        if let fault = plan.check(200, fields) { return fault }
        response = .untilClose
        isUpgraded = true
        connection.isLast = true
        connection.isPatient = true
        connection.body.awaitsContinue = false
        let output = connection.output.open()
        let start = output.count
        if let proto {
            if let reason { output.appendStatusLine(101, reason: reason) } else { output.append("HTTP/1.1 101 UPGRADED\r\n") }
            output.appendConnectionUpgrade(to: proto)
        } else {
            output.appendStatusLine(200)
        }
        connection.skipBegunHead()
        plan.append(fields, to: output)
        if addsContentType { output.appendField("Content-Type", "application/vnd.docker.raw-stream") }
        output.appendEndOfHead()
        if witness != nil { tellAnswer(output, from: start) }
        connection.flushHeadApart()
        connection.touch()
        return nil
    }

    /// Half-closes our side of a raw stream when what was written is out; the client may go on sending. When the reader has
    /// come to the end of that too, the exchange has ended.
    public func closeWrite() {
        guard let connection, isUpgraded, response != .over else { return }
        response = .over
        witness?.witnessedEnd(of: .down)
        if hasReadEnd {
            finish(connection)
        } else {
            connection.output.shutsDown = true
            connection.touch()
        }
    }

    /// The client may name several; the first is what it likes best.
    private static func firstProtocol(_ list: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let end = list.firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return UnsafeRawBufferPointer(rebasing: list[..<(end ?? list.count)])
    }

    private static func isContentType(_ name: UnsafeRawBufferPointer) -> Bool {
        ResponsePlan.names("content-type", in: name)
    }
}

/// docker-py reads the head of an upgrade through a buffer that it then forgets, with whatever came in the same read. So the head
/// comes in a read of its own.
extension Connection {
    /// Over TCP nothing tells whether the client has read the head, so what is written after it waits for a moment.
    private static let hold: UInt64 = 2_000_000

    func flushHeadApart() {
        if !isTCP, output.flushApart(to: descriptor, marker: server.marker.number) { return }
        flush()
        // With a full socket the head is not out itself.
        guard output.isEmpty else { return }
        output.isHeld = true
        server.loop.schedule(after: Connection.hold) {
            self.output.isHeld = false
            self.touch()
        }
    }
}
