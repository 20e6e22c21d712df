import Testing

@testable import HTTP

@Suite struct StatusReasonTests {
    @Test func everyReasonIsAPlainPhrase() {
        for status in 0...1000 {
            for byte in StatusReason.of(status).description.utf8 { #expect(byte >= 0x20 && byte < 0x7F) }
        }
    }

    @Test func statusesThatAreNotRegisteredHaveNone() {
        for status in [0, 99, 199, 299, 399, 499, 599, 600, 1000] { #expect(StatusReason.of(status).utf8CodeUnitCount == 0) }
    }

    @Test func dockersStatusesHaveOne() {
        for status in [101, 200, 201, 204, 304, 400, 401, 403, 404, 409, 500, 501, 503] {
            #expect(StatusReason.of(status).utf8CodeUnitCount > 0)
        }
    }
}
