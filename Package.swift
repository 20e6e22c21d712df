// swift-tools-version: 6.1
import PackageDescription

// The checks that no two accesses to a variable overlap cost a sixth of the user time of a small request. Debug builds, and so
// the tests, have them; the release build does without. See docs/decisions/008-exclusivity.md.
let release: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

// Each target is a layer that can be read with those above it closed; imports point one way, downwards.
let package = Package(
    name: "dogger",
    products: [.executable(name: "dogger", targets: ["dogger"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CLua", providers: [.apt(["liblua5.4-dev"])]),
        .target(
            name: "CDogger",
            dependencies: ["CLua"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror=implicit-function-declaration", "-O2"])],
            // The archive and not the shared object: the release binary is one file that runs anywhere.
            // --wrap: call_chain.c stands before a function of that archive.
            linkerSettings: [.linkedLibrary(":liblua5.4.a"), .linkedLibrary("m"), .unsafeFlags(["-Xlinker", "--wrap=luaT_gettmbyobj"])]
        ),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        // An archive too, and for the same reason.
        .target(
            name: "Store",
            dependencies: ["CDogger", "CSQLite"],
            swiftSettings: release,
            linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]
        ),
        .target(name: "LuaRuntime", dependencies: ["CDogger"], swiftSettings: release),
        .target(name: "EventLoop", dependencies: ["CDogger"], swiftSettings: release),
        .target(name: "HTTP", swiftSettings: release),
        .target(name: "Server", dependencies: ["HTTP", "EventLoop"], swiftSettings: release),
        .target(
            name: "Scripting",
            dependencies: ["Server", "LuaRuntime", "Store", "CDogger"],
            resources: [.embedInCode("lua"), .embedInCode("types"), .embedInCode("web")],
            swiftSettings: release
        ),
        .executableTarget(
            name: "dogger",
            dependencies: ["Scripting", "Store", "CDogger", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            // The handlers are links to those in examples/, so that there is one of each.
            resources: [.embedInCode("handlers"), .embedInCode("templates")]
        ),
        // What several test targets use.
        .target(name: "TestSupport", path: "Tests/Support"),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "TestSupport"]),
        .testTarget(name: "LuaRuntimeTests", dependencies: ["LuaRuntime", "TestSupport"], exclude: ["reachable-globals.txt"]),
        .target(name: "CSystemCalls", path: "Tests/CSystemCalls"),
        .testTarget(name: "ConfinementTests", dependencies: ["CDogger", "CSystemCalls", "TestSupport"]),
        .testTarget(name: "ServerTests", dependencies: ["Server", "TestSupport"]),
        .testTarget(name: "StoreTests", dependencies: ["Store", "TestSupport"]),
        .testTarget(name: "ScriptingTests", dependencies: ["Scripting", "Store", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
