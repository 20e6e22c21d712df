import Testing

@testable import HTTP

@Suite struct HeadWriterTests {
    private func written(_ write: (ByteBuffer) -> Void) -> String {
        let buffer = ByteBuffer()
        write(buffer)
        return buffer.text
    }

    @Test(arguments: [
        (200, "HTTP/1.1 200 OK\r\n"), (101, "HTTP/1.1 101 UPGRADED\r\n"), (204, "HTTP/1.1 204 No Content\r\n"),
        (404, "HTTP/1.1 404 Not Found\r\n"), (418, "HTTP/1.1 418 I'm a teapot\r\n"), (299, "HTTP/1.1 299 \r\n"),
        (999, "HTTP/1.1 999 \r\n"), (503, "HTTP/1.1 503 Service Unavailable\r\n"),
    ])
    func statusLine(_ status: Int, _ line: String) {
        #expect(written { $0.appendStatusLine(status) } == line)
    }

    @Test func aReasonOfOnesOwn() {
        #expect(
            written { buffer in bytes("Fine").withUnsafeBytes { buffer.appendStatusLine(200, reason: $0) } }
                == "HTTP/1.1 200 Fine\r\n")
    }

    @Test func requestLine() {
        let line = written { buffer in
            bytes("GET").withUnsafeBytes { method in
                bytes("/x?y").withUnsafeBytes { buffer.appendRequestLine(method: method, target: $0) }
            }
        }
        #expect(line == "GET /x?y HTTP/1.1\r\n")
    }

    @Test func fields() {
        #expect(written { $0.appendField("Api-Version", "1.50") } == "Api-Version: 1.50\r\n")
        #expect(written { $0.appendField("Empty", "") } == "Empty: \r\n")
        let field = written { buffer in
            bytes("X").withUnsafeBytes { name in
                buffer.appendField(ResponseField(name: name, value: UnsafeRawBufferPointer(start: nil, count: 0)))
            }
        }
        #expect(field == "X: \r\n")
    }

    @Test func manyFieldsOverAGrowingBuffer() {
        let text = written { buffer in for _ in 0..<1000 { buffer.appendField("Name", "some value") } }
        #expect(text == String(repeating: "Name: some value\r\n", count: 1000))
    }

    @Test func framing() {
        #expect(written { $0.appendContentLength(0) } == "Content-Length: 0\r\n")
        #expect(written { $0.appendContentLength(1_234_567) } == "Content-Length: 1234567\r\n")
        #expect(written { $0.appendChunkedFraming() } == "Transfer-Encoding: chunked\r\n")
    }

    @Test func connection() {
        #expect(written { $0.appendConnectionClose() } == "Connection: close\r\n")
        #expect(written { $0.appendConnectionKeepAlive() } == "Connection: keep-alive\r\n")
        let upgrade = written { buffer in bytes("tcp").withUnsafeBytes { buffer.appendConnectionUpgrade(to: $0) } }
        #expect(upgrade == "Connection: Upgrade\r\nUpgrade: tcp\r\n")
        #expect(written { $0.appendContinue() } == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func dateField() {
        #expect(written { $0.appendDate(HTTPDate(), at: 784_111_777) } == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
    }

    @Test func chunks() {
        let body = written { buffer in
            bytes("hello, docker\n").withUnsafeBytes { buffer.appendChunk($0) }
            buffer.appendChunk(UnsafeRawBufferPointer(start: nil, count: 0))
            buffer.appendChunkSize(1)
            buffer.append("x")
            buffer.appendChunkEnd()
            buffer.appendLastChunk()
        }
        #expect(body == "e\r\nhello, docker\n\r\n1\r\nx\r\n0\r\n\r\n")
        #expect(decode([bytes(body)]) == .ended(data: "hello, docker\nx", behind: ""))
    }

    @Test func whatIsWrittenCanBeRead() {
        let head = written { buffer in
            bytes("POST").withUnsafeBytes { method in
                bytes("/x").withUnsafeBytes { buffer.appendRequestLine(method: method, target: $0) }
            }
            buffer.appendField("Host", "a")
            buffer.appendContentLength(3)
            buffer.appendEndOfHead()
        }
        var parser = RequestParser()
        guard case .complete(let summary) = parser.outcome(of: bytes(head)) else {
            Issue.record("the written request is refused")
            return
        }
        #expect(summary.framing == .length(3))
        #expect(summary.fields == ["Host: a", "Content-Length: 3"])
    }
}
