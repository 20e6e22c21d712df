import LuaRuntime

/// The Lua half of the API: the files in `lua/`, which the build puts into the binary.
enum EmbeddedLua {
    static let modules = BuiltInModules([
        ("dogger.docker", PackageResources.docker_lua),
        ("dogger.forward", PackageResources.forward_lua),
        ("dogger.http", PackageResources.http_lua),
        ("dogger.tape", PackageResources.tape_lua),
        ("dogger.test", PackageResources.test_lua),
    ])
    /// For a VM that runs tests.
    static let testModules = BuiltInModules([
        ("dogger.docker", PackageResources.docker_lua),
        ("dogger.forward", PackageResources.forward_lua),
        ("dogger.test", PackageResources.test_lua),
        ("dogger.test.assert", PackageResources.test_assert_lua),
        ("dogger.test.difference", PackageResources.test_difference_lua),
        ("dogger.test.match", PackageResources.test_match_lua),
        ("dogger.test.request", PackageResources.test_request_lua),
        ("dogger.test.runner", PackageResources.test_runner_lua),
        ("dogger.test.spy", PackageResources.test_spy_lua),
        ("dogger.test.upstream", PackageResources.test_upstream_lua),
    ])
    static let names = "dogger, dogger.json, dogger.docker, dogger.store, dogger.http, dogger.tape"

    /// Whether `require` finds a module of that name without a file.
    static func has(_ name: String) -> Bool { names.split(separator: ", ").contains(name[...]) }
}

/// The version of dogger, as `--version` and `dogger.version` tell it.
public enum DoggerVersion {
    public static let number: StaticString = "0.1.0"
}
