import LuaRuntime

/// The Lua half of the API: the files in `lua/`, which the build puts into the binary.
enum EmbeddedLua {
    static let modules = BuiltInModules([
        ("dogger.docker", PackageResources.docker_lua),
        ("dogger.forward", PackageResources.forward_lua),
        ("dogger.tape", PackageResources.tape_lua),
    ])
    static let names = "dogger, dogger.json, dogger.docker, dogger.tape"

    /// Whether `require` finds a module of that name without a file.
    static func has(_ name: String) -> Bool { names.split(separator: ", ").contains(name[...]) }
}

/// The version of dogger, as `--version` and `dogger.version` tell it.
public enum DoggerVersion {
    public static let number: StaticString = "0.1.0"
}
