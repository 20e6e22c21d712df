import Testing

@testable import Scripting

@Suite struct InspectorTokenTests {
    @Test func hasThirtyTwoDigitsAndIsNewEachTime() {
        let tokens = (0..<100).map { _ in InspectorToken.make().text }
        #expect(Set(tokens).count == 100)
        for token in tokens { #expect(token.count == 32 && token.allSatisfy { $0.isHexDigit && !$0.isUppercase }) }
    }

    @Test func matchesItselfOnly() {
        let token = InspectorToken("0123456789abcdef0123456789abcdef")
        #expect(token.matches(Array(token.text.utf8)))
        for other in ["", "0", String(token.text.dropLast()), token.text + "0", token.text.uppercased(), "1" + token.text.dropFirst(), token.text.dropLast() + "0"] {
            #expect(!token.matches(Array(other.utf8)), "\(other)")
        }
    }
}
