import Testing

@testable import Scripting

struct SecretsTests {
    private func removed(_ json: String, _ path: String) throws -> String {
        let node = try #require(JSONNode.parse(Array(json.utf8)))
        return String(decoding: JSONText.compact(Secrets.removed(from: node, path: path)), as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"Status":"ok","IdentityToken":"x"}"#, "/v1.50/auth", #"{"Status":"ok","IdentityToken":""}"#),
        (#"{"username":"ann","PASSWORD":"x","auth":"y"}"#, "/auth", #"{"username":"ann","PASSWORD":"","auth":""}"#),
        (#"{"JoinTokens":{"Worker":"x","Manager":"y"},"ID":"z"}"#, "/swarm", #"{"JoinTokens":{"Worker":"","Manager":""},"ID":"z"}"#),
        (#"[{"a":{"unlockkey":["x"]}}]"#, "/swarm/unlock", #"[{"a":{"unlockkey":[""]}}]"#),
        (#"{"Name":"n","Data":"eA=="}"#, "/secrets/create", #"{"Name":"n","Data":""}"#),
        (#"{"Data":{"MergedDir":"/x"},"token":"t"}"#, "/containers/x/json", #"{"Data":{"MergedDir":"/x"},"token":"t"}"#),
    ])
    func whatLetsSomebodyInIsBlank(_ json: String, _ path: String, _ expected: String) throws {
        #expect(try removed(json, path) == expected)
    }

    @Test func fieldsAreKnownByTheirNames() {
        for name in ["authorization", "proxy-authorization", "x-registry-auth", "x-registry-config", "cookie", "set-cookie"] {
            #expect(Secrets.isSecret(field: name))
        }
        #expect(!Secrets.isSecret(field: "content-type"))
    }
}
