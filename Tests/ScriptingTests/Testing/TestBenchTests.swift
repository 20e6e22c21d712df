import EventLoop
import LuaRuntime
import Server
import TestSupport
import Testing

@testable import Scripting

@Suite struct TestBenchTests {
    private let directory = TemporaryDirectory()

    @Test func looksForFaultsWithoutRunningTests() throws {
        let loop = try EventLoop()
        defer { loop.abandon() }
        directory.write("good_test.lua", "it('a', function() error('not run') end)")
        directory.write("bad_test.lua", "describe('a', function() error('no') end)")
        #expect(TestBench.fault("\(directory.path)/good_test.lua", ScriptingOptions(), loop) == nil)
        #expect(TestBench.fault("\(directory.path)/bad_test.lua", ScriptingOptions(), loop)?.message == "\(directory.path)/bad_test.lua:1: no")
        #expect(Reloader.check(["\(directory.path)/bad_test.lua"], ScriptingOptions(), loop, Log(2, loop)).count == 1)
    }

    /// A VM is used in the midst of another's call: the one that called has its time limit afterwards as before.
    @Test func aHandlersLoadIsNotChargedToTheTest() throws {
        let loop = try EventLoop()
        defer { loop.abandon() }
        var options = ScriptingOptions()
        options.limits.scriptTimeout = 100_000_000
        directory.write("slow.lua", "local start = os.clock() while os.clock() - start < 0.08 do end return function() end")
        directory.write("x_test.lua", "local t = require 'dogger.test' for i = 1, 3 do t.load('slow.lua') end")
        #expect(TestBench.fault("\(directory.path)/x_test.lua", options, loop) == nil)
        directory.write("x_test.lua", "local t = require 'dogger.test' t.load('slow.lua') while true do end")
        #expect(TestBench.fault("\(directory.path)/x_test.lua", options, loop)?.message.contains("stopped after 0.1 s of CPU") == true)
    }

    @Test func bringsCallersToRequests() {
        let callers = TestCallers()
        callers[7] = TestCaller(service: 3)
        #expect(callers[7] != nil && callers[8] == nil)
        callers[7] = nil
        #expect(callers[7] == nil)
    }
}
