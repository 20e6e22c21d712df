import Scripting

extension HandlerSearch {
    /// With all the places where a handler may be.
    static var all: HandlerSearch { HandlerSearch(builtIn: builtInFiles) }

    private static var builtInFiles: [String: [UInt8]] {
        [
            "chaos.lua": PackageResources.chaos_lua, "label.lua": PackageResources.label_lua, "log.lua": PackageResources.log_lua,
            "mine.lua": PackageResources.mine_lua, "nopriv.lua": PackageResources.nopriv_lua, "ps.lua": PackageResources.ps_lua,
            "readonly.lua": PackageResources.readonly_lua, "redact.lua": PackageResources.redact_lua,
            "lib/gate.lua": PackageResources.gate_lua, "lib/harmless.lua": PackageResources.harmless_lua,
            "lib/labelled.lua": PackageResources.labelled_lua, "lib/making.lua": PackageResources.making_lua,
            "lib/owned.lua": PackageResources.owned_lua,
        ]
    }
}

/// What `dogger new` starts from: a handler, and its test.
enum Template: String, CaseIterable {
    case function, routes, engine, policy, proxy

    var handler: [UInt8] {
        switch self {
        case .function: PackageResources.function_lua
        case .routes: PackageResources.routes_lua
        case .engine: PackageResources.engine_lua
        case .policy: PackageResources.policy_lua
        case .proxy: PackageResources.proxy_lua
        }
    }

    var test: [UInt8] {
        switch self {
        case .function: PackageResources.function_test_lua
        case .routes: PackageResources.routes_test_lua
        case .engine: PackageResources.engine_test_lua
        case .policy: PackageResources.policy_test_lua
        case .proxy: PackageResources.proxy_test_lua
        }
    }
}
