import Testing
@testable import Scripting
@Test func placeholder() {}
