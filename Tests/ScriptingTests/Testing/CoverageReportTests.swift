import LuaRuntime
import Testing

@testable import Scripting

@Suite struct CoverageReportTests {
    private func file(_ name: String, _ lines: [(Int, Int)]) -> Coverage.File {
        Coverage.File(name: name, lines: lines.map { (number: $0.0, hits: $0.1) })
    }

    @Test func namesTheLinesThatWereNotReached() {
        let table = CoverageReport.table([
            file("a.lua", [(1, 1), (3, 0), (5, 0), (6, 2), (9, 0)]), file("lib/long.lua", [(1, 4)]),
        ])
        #expect(table == """
             40%  a.lua         5 lines, not reached: 3-5, 9
            100%  lib/long.lua  1 line
             50%  of all 6 lines

            """)
    }

    /// All is 100 %, and nothing else is.
    @Test func roundsDown() {
        let lines = (1...1000).map { ($0, $0 == 1000 ? 0 : 1) }
        #expect(CoverageReport.table([file("a.lua", lines)]).hasPrefix(" 99%"))
        #expect(CoverageReport.table([file("a.lua", [])]).hasPrefix("100%"))
    }

    @Test func saysThatNothingWasLoaded() {
        #expect(CoverageReport.table([]) == "no handler was loaded, so no line was counted\n")
    }

    @Test func lcov() {
        #expect(CoverageReport.lcov([file("/x/a.lua", [(1, 3), (4, 0)])]) == """
            TN:
            SF:/x/a.lua
            DA:1,3
            DA:4,0
            LF:2
            LH:1
            end_of_record

            """)
    }
}
