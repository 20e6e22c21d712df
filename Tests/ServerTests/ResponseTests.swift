import HTTP
import Testing

@testable import Server

/// What answers look like on the wire.
@Suite struct ResponseTests {
    private func exchange(
        _ text: String, hasBody: Bool = true, handle: @escaping @Sendable (Exchange) -> Void
    ) throws -> Client.Response {
        let server = try TestServer(handle: handle)
        let client = try server.connect()
        client.send(text)
        let response = try client.readResponse(hasBody: hasBody)
        // The connection is fit for another request, or has ended in order; nothing stands between.
        if response["Connection"] == "close" {
            client.halfClose()
            #expect(client.readToEnd() == ("", .end))
        } else {
            client.send(request("HEAD /"))
            _ = try client.readResponse(hasBody: false)
        }
        return response
    }

    @Test func headHasTheLengthButNoBody() throws {
        let response = try exchange(request("HEAD /"), hasBody: false) { $0.answer(200, [], "12345") }
        #expect(response["Content-Length"] == "5")
        let given = try exchange(request("HEAD /"), hasBody: false) { $0.answer(200, [("content-length", "77")]) }
        #expect(given["Content-Length"] == "77")
    }

    @Test func someStatusesHaveNoBody() throws {
        let none = try exchange(request("GET /")) { $0.answer(204, [], "dropped") }
        #expect(none["Content-Length"] == nil)
        let unchanged = try exchange(request("GET /")) { $0.answer(304, [], "dropped") }
        #expect(unchanged["Content-Length"] == nil)
        let sized = try exchange(request("GET /")) { $0.answer(304, [("Content-Length", "5")], "dropped") }
        #expect(sized["Content-Length"] == "5")
        let empty = try exchange(request("GET /")) { $0.answer(200) }
        #expect(empty["Content-Length"] == "0")
    }

    @Test func streamsOfSuchAreSwallowed() throws {
        for (line, status) in [("HEAD /", 200), ("GET /", 204), ("GET /", 304)] {
            let response = try exchange(request(line), hasBody: false) {
                $0.begin(status)
                #expect($0.put("dropped") == .ok)
                #expect($0.end() == nil)
            }
            #expect(response.status == status)
            #expect(response["Transfer-Encoding"] == nil)
        }
    }

    @Test func aStreamIsChunked() throws {
        let response = try exchange(request("GET /")) {
            $0.begin()
            $0.put("ab")
            $0.put("")
            $0.put("cde")
            $0.end()
        }
        #expect(response["Transfer-Encoding"] == "chunked")
        #expect(response["Content-Length"] == nil)
        #expect(response.body == "abcde")
    }

    @Test func aStreamMayHaveAKnownLength() throws {
        let response = try exchange(request("GET /")) {
            $0.begin(200, [("Content-Length", "5")])
            $0.put("ab")
            $0.put("cde")
            #expect($0.end() == nil)
        }
        #expect(response["Content-Length"] == "5")
        #expect(response["Transfer-Encoding"] == nil)
        #expect(response.body == "abcde")
    }

    @Test func aStreamThatIsShortIsCut() throws {
        let server = try TestServer {
            $0.begin(200, [("Content-Length", "5")])
            $0.put("ab")
            #expect($0.end() == .wrongContentLength(said: 5, body: 2))
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readHead().status == 200)
        #expect(client.readToEnd() == ("ab", .end))
    }

    @Test func aStreamThatIsLongIsCut() throws {
        let server = try TestServer {
            $0.begin(200, [("Content-Length", "5")])
            #expect($0.put("abc") == .ok)
            #expect($0.put("def") == .overrun)
            #expect($0.put("def") == .closed)
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readHead().status == 200)
        #expect(client.readToEnd() == ("abc", .end))
    }

    @Test func anAbortedStreamHasNoLastChunk() throws {
        let server = try TestServer {
            $0.begin()
            $0.put("abc")
            $0.abort()
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readHead().status == 200)
        #expect(client.readToEnd() == ("3\r\nabc\r\n", .end))
    }

    @Test func anAbortThatLooksLikeAnEndIsAResetOnTCP() throws {
        let server = try TestServer(tcp: true) { exchange in
            exchange.begin()
            exchange.put("abc")
            exchange.server.loop.schedule(after: 1_000_000) { exchange.abort() }
        }
        let client = try server.connect()
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(client.readToEnd().end == .reset)
    }

    @Test func oldClientsGetWhatTheyUnderstand() throws {
        let closed = try exchange("GET / HTTP/1.0\r\n\r\n") { $0.answer(200, [], "x") }
        #expect(closed["Connection"] == "close")
        let server = try TestServer { exchange in
            if exchange.target == "/stream" {
                exchange.begin()
                exchange.put("ab")
                exchange.put("cd")
                exchange.end()
            } else {
                exchange.answer(200, [], "x")
            }
        }
        let client = try server.connect()
        for _ in 0..<2 {
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let kept = try client.readResponse()
            #expect(kept["Connection"] == "keep-alive")
            #expect(kept.body == "x")
        }
        client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let stream = try client.readHead()
        #expect(stream.fields["connection"] == "close")
        #expect(stream.fields["transfer-encoding"] == nil)
        #expect(client.readToEnd() == ("abcd", .end))
    }

    @Test func aClientThatClosesIsTakenAtItsWord() throws {
        let response = try exchange(request("GET /", "Connection: close\r\n")) { $0.answer(200, [], "x") }
        #expect(response["Connection"] == "close")
    }

    @Test(arguments: ["close", "Close", "foo, CLOSE", "close,foo"])
    func aScriptMayCloseToo(value: String) throws {
        let response = try exchange(request("GET /")) { $0.answer(200, [("Connection", value)], "x") }
        #expect(response["Connection"] == "close")
        #expect(response.body == "x")
    }

    @Test func whatIsAboutTheConnectionIsTheServers() throws {
        let fields = [
            ("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "x"), ("Trailer", "X"),
            ("X-Kept", "1"),
        ]
        let response = try exchange(request("GET /")) { $0.answer(200, fields, "x") }
        #expect(response.fields.keys.sorted() == ["content-length", "date", "x-kept"])
    }

    @Test func aDateOfOnesOwnTakesThePlaceOfTheServers() throws {
        let response = try exchange(request("GET /")) { $0.answer(200, [("Date", "Mon, 01 Jan 2001 00:00:00 GMT")]) }
        #expect(response["Date"] == "Mon, 01 Jan 2001 00:00:00 GMT")
    }

    @Test func whatCantBeSentIsAFaultAndCanBeAnsweredOtherwise() throws {
        let faults = Log<ResponseFault?>()
        let response = try exchange(request("GET /")) { exchange in
            guard exchange.method == "GET" else {
                exchange.answer()
                return
            }
            faults.add(exchange.answer(200, [("Transfer-Encoding", "chunked")], "x"))
            faults.add(exchange.answer(200, [("Content-Length", "2")], "x"))
            faults.add(exchange.answer(200, [("Content-Length", "1"), ("content-length", "1")], "x"))
            faults.add(exchange.answer(200, [("Content-Length", "+1")], "x"))
            faults.add(exchange.answer(200, [("Content-Length", "9223372036854775808")], "x"))
            faults.add(exchange.answer(200, [("Content-Length", "")], "x"))
            faults.add(exchange.answer(101))
            faults.add(exchange.answer(99))
            faults.add(exchange.answer(1000))
            faults.add(exchange.answer(200, [("X", "a\r\nY: b")]))
            faults.add(exchange.answer(200, [("X Y", "a")]))
            faults.add(exchange.begin(200, [("Transfer-Encoding", "chunked")]))
            faults.add(exchange.begin(200, [("X", "\n")]))
            faults.add(exchange.answer(201))
        }
        #expect(response.status == 201)
        #expect(
            faults.all == [
                .transferEncoding, .wrongContentLength(said: 2, body: 1), .repeatedContentLength, .malformedContentLength,
                .malformedContentLength, .malformedContentLength, .interimStatus(101), .malformed(.status(99)),
                .malformed(.status(1000)), .malformed(.fieldValue(name: "X", byte: 13)),
                .malformed(.fieldName(name: "X?Y", byte: 32)), .transferEncoding,
                .malformed(.fieldValue(name: "X", byte: 10)), nil,
            ])
    }

    @Test func thereIsOnlyOneResponse() throws {
        let faults = Log<ResponseFault?>()
        let response = try exchange(request("GET /")) { exchange in
            faults.add(exchange.begin())
            faults.add(exchange.begin())
            faults.add(exchange.answer())
            faults.add(exchange.upgrade())
            exchange.put("x")
            faults.add(exchange.end())
            faults.add(exchange.end())
        }
        #expect(response.body == "x")
        #expect(faults.all.prefix(6) == [nil, .begun, .begun, .begun, nil, .ended])
    }

    @Test func moreThan64FieldsGoThrough() throws {
        var fields = (0..<100).map { ("X-\($0)", "\($0)") }
        fields.append(("Connection", "x"))
        fields.append(("Content-Length", "1"))
        let all = fields
        let response = try exchange(request("GET /", "")) { $0.answer(200, all, $0.method == "HEAD" ? "" : "x") }
        #expect(response["X-99"] == "99")
        #expect(response.fields.count == 102)
    }

    @Test func everyFaultSaysWhatToDo() {
        let faults: [ResponseFault] = [
            .malformed(.status(1)), .interimStatus(101), .transferEncoding, .repeatedContentLength, .malformedContentLength,
            .wrongContentLength(said: 1, body: 2), .begun, .ended,
        ]
        for fault in faults { #expect(fault.message.hasSuffix(".") && fault.message.count > 20) }
        #expect(Set(faults.map(\.message)).count == faults.count)
    }
}
