import Testing

@testable import Scripting

struct RecordedPathTests {
    @Test(arguments: [
        ("/v1.41/containers/json?all=1", "/v1.41/containers/json", "/containers/json", true),
        ("/_ping", "/_ping", "/_ping", false),
        ("/v2/x", "/v2/x", "/x", false), ("/v1.41", "/v1.41", "/v1.41", false), ("/version/x", "/version/x", "/version/x", false),
        ("http://host:80/v1.24/info", "/v1.24/info", "/info", true), ("/a%20b%7B?x", "/a b{", "/a b{", false), ("/?q", "/", "/", false),
    ])
    func targetsAreTakenApart(_ target: String, _ path: String, _ plain: String, _ isDocker: Bool) {
        let recorded = RecordedPath(Array(target.utf8))
        #expect(recorded.string == path)
        #expect(String(decoding: recorded.withoutVersion, as: UTF8.self) == plain)
        #expect(recorded.hasDockerVersion == isDocker)
    }

    @Test(arguments: [
        ("/a/b", true), ("/a%20b", true), ("/a%3Fb", false), ("/%23", false), ("/%25", false), ("/%7Bid%7D", false),
        ("/%0A", false), ("*", false),
    ])
    func someTargetsAreNoRoutes(_ target: String, _ isRoutable: Bool) {
        #expect(RecordedPath(Array(target.utf8)).isRoutable == isRoutable)
    }

    @Test func queriesAreTheSameInAnyOrderOfTheirNames() {
        let pairs = { (target: String) in RecordedPath.pairs(Array(target.utf8)) }
        #expect(RecordedPath.isSame(pairs("/?a=1&b=%7B+"), pairs("/?b=%7b%20&a=1")))
        #expect(!RecordedPath.isSame(pairs("/?a=1&a=2"), pairs("/?a=2&a=1")))
        #expect(!RecordedPath.isSame(pairs("/?a=1"), pairs("/")))
        #expect(RecordedPath.isSame(pairs("/?"), pairs("/")))
    }
}
