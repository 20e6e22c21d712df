import Testing

@testable import Store

@Suite struct StoreErrorTests {
    @Test func sentences() {
        #expect(StoreError.full(limit: 64 << 20).message == "the store is full: what it holds may take 64 MiB, and --store-limit raises that")
        #expect(StoreError.full(limit: 3 << 10).message.contains(" 3 KiB,"))
        #expect(StoreError.full(limit: 1000).message.contains(" 1000 bytes,"))
        #expect(StoreError.cannotOpen("/a/b", reason: "No such file or directory").message.hasPrefix("the store /a/b can't be opened: No such file or directory. "))
        #expect(StoreError.cannotOpen("/a/b", reason: "").message.hasPrefix("the store /a/b can't be opened. "))
        for error in [StoreError.notADatabase("f"), .damaged("f"), .foreign("f"), .newer("f"), .unsuitable("f"), .readOnly("f"), .busy("f"), .moved("f"), .torn("f"), .noSpace("f"), .failed("f", reason: "r")] {
            #expect(error.message.contains("the store f"))
        }
    }
}
