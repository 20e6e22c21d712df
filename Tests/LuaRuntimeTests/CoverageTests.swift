import Testing

@testable import LuaRuntime

@Suite struct CoverageTests {
    /// The lines that could run, and how often each did, as `3: 2`.
    private func lines(_ text: String, name: String = "test.lua", requests: Int = 1, limits: Limits = Limits()) throws -> [String] {
        let coverage = Coverage()
        let fixture = try ScriptFixture(text, limits: limits, name: name, coverage: coverage)
        for _ in 0..<requests { _ = fixture.run() }
        #expect(coverage.files.map(\.name) == [name])
        return coverage.files[0].lines.map { "\($0.number): \($0.hits)" }
    }

    @Test func countsEachLine() throws {
        #expect(try lines("""
            local n = 0

            return function(req)
              for i = 1, 2 do
                n = n + i
              end
              return "x"
            end
            """, requests: 2) == ["1: 1", "4: 6", "5: 4", "7: 2"])
    }

    /// A function that was never made into a closure has lines all the same. (To Lua a closure is made on its `end` line.)
    @Test func knowsTheLinesOfFunctionsThatNeverRan() throws {
        #expect(try lines("""
            local function outer()
              return function()
                return function(...)
                  return ...
                end
              end
            end
            return function(req) return "x" end
            """) == ["4: 0", "8: 2"])
    }

    @Test func countsNoLineThatOnlyCloses() throws {
        #expect(try lines("""
            return function(req)
              if req.path == "/never" then
                return {
                  status = 204,
                }
              else
                do
                  print("a")   -- says something
                end
              end
            end
            """) == ["2: 1", "3: 0", "4: 0", "8: 1"])
    }

    /// Lua notes the line of every instruction as a step from the one before, and as a number where the step is too large.
    @Test func findsItsWayThroughLongFiles() throws {
        let gap = String(repeating: "\n", count: 300)
        let many = (1...400).map { "x = x + \($0)" }.joined(separator: "\n")
        let text = "local x = 0\(gap)x = 1\(gap)return function(req)\n\(many)\nreturn 'x' end"
        let counted = try lines(text)
        #expect(Array(counted.prefix(4)) == ["1: 1", "301: 1", "602: 1", "603: 1"])
        #expect(counted.count == 403 && counted.last == "1002: 2")
        #expect(counted.dropLast().allSatisfy { $0.hasSuffix(": 1") })
    }

    @Test func readsEveryKindOfConstant() throws {
        #expect(try lines("""
            local t = { nil, true, false, 1, -9007199254740993, 1.5, "short", ("\(String(repeating: "long ", count: 60))") }
            local function f() return t end
            return function(req) return "x" end
            """) == ["1: 1", "2: 1", "3: 2"])
    }

    @Test func countsInCoroutinesToo() throws {
        #expect(try lines("""
            return function(req)
              local f = coroutine.wrap(function()
                coroutine.yield(1)
              end)
              f()
              f()
              return "x"
            end
            """) == ["2: 2", "3: 1", "5: 1", "6: 1", "7: 1"])
    }

    /// The deadline takes the hook's place for as long as it stops a script.
    @Test func goesOnAfterTheDeadlineHasStruck() throws {
        var limits = Limits()
        limits.scriptTimeout = 20_000_000
        let coverage = Coverage()
        let fixture = try ScriptFixture("""
            return function(req)
              while req.path == "/loop" do end
              return "x"
            end
            """, limits: limits, coverage: coverage)
        #expect(fixture.answer("/loop").contains("stopped after"))
        for _ in 1...3 { #expect(fixture.answer("/") == "x") }
        #expect(coverage.files[0].lines.last?.hits == 3)
    }

    @Test func addsUpOverVMs() throws {
        let coverage = Coverage()
        for _ in 1...3 {
            let fixture = try ScriptFixture("return function(req)\n  return 'x'\nend", coverage: coverage)
            #expect(fixture.answer() == "x")
        }
        _ = try ScriptFixture("return function(req) return 'y' end", name: "a.lua", coverage: coverage)
        #expect(coverage.files.map(\.name) == ["a.lua", "test.lua"])
        #expect(coverage.files[1].lines.map(\.hits) == [3])
    }

    @Test func countsNothingOfDoggersOwn() throws {
        let coverage = Coverage()
        let fixture = try ScriptFixture("local docker = require 'dogger.docker' return function(req) return docker.id('x') end", coverage: coverage)
        _ = fixture.run()
        #expect(coverage.files.map(\.name) == ["test.lua"])
    }
}
