import Testing
@testable import LuaRuntime
@Test func placeholder() {}
