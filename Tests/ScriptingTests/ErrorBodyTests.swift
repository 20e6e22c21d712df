import HTTP
import Testing

@testable import Scripting

@Suite struct ErrorBodyTests {
    @Test(arguments: [
        ("", #"{"message":""}"#),
        ("h.lua:1: oops", #"{"message":"h.lua:1: oops"}"#),
        (#"a "quoted" \ word"#, #"{"message":"a \"quoted\" \\ word"}"#),
        ("two\nlines\tand \u{1} \u{1f} \u{7f}", #"{"message":"two\nlines\u0009and \u0001 \u001f \#u{7f}"}"#),
        ("Größe 🐕", #"{"message":"Größe 🐕"}"#),
    ])
    func isJSONInDockersShape(_ message: String, _ expected: String) {
        let body = ByteBuffer()
        body.appendErrorBody(message)
        #expect(String(decoding: body.readable, as: UTF8.self) == expected + "\n")
    }
}
