import Testing

@testable import HTTP

@Suite struct HTTPErrorTests {
    @Test(arguments: HTTPError.allCases)
    func everyMessageIsASentence(_ error: HTTPError) {
        #expect(error.message.hasSuffix("."))
        #expect(error.message.count > 30)
        #expect(error.message.first?.isUppercase == true)
    }

    @Test func everyMessageIsItsOwn() {
        #expect(Set(HTTPError.allCases.map(\.message)).count == HTTPError.allCases.count)
    }

    @Test(arguments: [
        (HTTPError.bareLineFeed, 400), (.tlsHandshake, 400), (.missingHost, 400), (.repeatedContentLength, 400),
        (.malformedTransferEncoding, 400), (.malformedChunkSize, 400), (.unsupportedExpectation, 417), (.headTooLarge, 431),
        (.tooManyFields, 431), (.trailersTooLarge, 431), (.connectMethod, 501), (.unknownTransferCoding, 501),
        (.malformedStatusLine, 502), (.unsupportedVersion, 505),
    ])
    func status(_ error: HTTPError, _ status: Int) {
        #expect(error.status == status)
    }

    @Test(arguments: [
        (HTTPError.tlsHandshake, "plain HTTP"), (.missingVersion, "HTTP/0.9"), (.targetFragment, "%23"),
        (.foldedField, "folding"),
        (.blankBeforeColon, "colon at once"), (.transferEncodingWithContentLength, "in doubt"), (.missingHost, "no Host field"),
        (.unsupportedExpectation, "100-continue"),
    ])
    func message(_ error: HTTPError, _ part: String) {
        #expect(error.message.contains(part))
    }
}
