import Testing

@testable import Scripting

@Suite struct TestReportTests {
    private static let results = [
        TestResult(file: "a_test.lua", name: "passes", place: "a_test.lua:1", outcome: .passed, seconds: 0.001),
        TestResult(
            file: "a_test.lua", name: "fails # 1", place: "a_test.lua:7", outcome: .failed(message: "expected: 1\ngot:      <2>", calls: ["a_test.lua:9"]),
            seconds: 0.25, log: ["h.lua:1: asked"]),
        TestResult(file: "b_test.lua", name: "waits", place: "b_test.lua:1", outcome: .pending(reason: "for you"), seconds: 0, printed: ["one\ntwo"]),
    ]

    private func text(_ format: TestReportFormat, _ results: [TestResult] = TestReportTests.results, isTerminal: Bool = false) -> String {
        var text = ""
        let report = format.report(isTerminal: isTerminal) { text += $0 }
        for result in results { report.report(result) }
        report.end(seconds: 1.2345)
        return text
    }

    @Test func plain() {
        #expect(text(.plain) == """
            a_test.lua
              ok       passes
              FAILED   fails # 1
                a_test.lua:7: expected: 1
                got:      <2>
                  called from a_test.lua:9
                The log of this test:
                  h.lua:1: asked
            b_test.lua
              pending  waits: for you
                | one
                | two

            1 passed, 1 failed, 1 pending in 1.235 s

            """)
    }

    @Test func plainHasColoursOnATerminal() {
        let shown = text(.plain, isTerminal: true)
        #expect(shown.contains("\u{1B}[32mok\u{1B}[0m       passes") && shown.contains("\u{1B}[31m1 failed\u{1B}[0m"))
    }

    @Test func tap() {
        #expect(text(.tap) == """
            TAP version 14
            ok 1 - a_test.lua: passes
            not ok 2 - a_test.lua: fails \\# 1
              ---
              message: |2
                expected: 1
                got:      <2>
              severity: fail
              at: 'a_test.lua:7'
              calls: ['a_test.lua:9']
              log: |2
                h.lua:1: asked
              ...
            not ok 3 - b_test.lua: waits # TODO for you
            # one
            # two
            1..3

            """)
    }

    /// Whatever tests and handlers say: it moves no terminal's cursor, YAML and XML can hold it, and a name is one line.
    @Test(arguments: TestReportFormat.allCases) func noReportHasControlCharacters(_ format: TestReportFormat) {
        let evil = "\u{0}\u{1B}[2J\r\u{7F}\u{9B}\u{202E}\u{FFFE}\u{2028}x\ty\nnot ok 9 - forged"
        let results = [TestResult.Outcome.passed, .pending(reason: evil), .failed(message: evil, calls: [evil])].map {
            TestResult(file: evil, name: evil, place: evil, outcome: $0, seconds: 0, log: [evil], printed: [evil])
        }
        let shown = text(format, results)
        let isShown = shown.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
                && !scalar.properties.isNoncharacterCodePoint && scalar != "\u{2028}"
        }
        #expect(isShown && shown.contains("\\x1b[2J\\x0d"))
        #expect(!shown.split(separator: "\n").contains { $0.hasPrefix("not ok 9") })
    }

    @Test func aDescriptionInTAPIsOneLineWithoutADirective() {
        let result = TestResult(file: "f", name: "a\nb\\ # TODO", place: "", outcome: .passed, seconds: 0)
        #expect(text(.tap, [result]).contains("ok 1 - f: a\\\\x0ab\\\\ \\# TODO\n"))
    }

    @Test func junit() {
        #expect(text(.junit) == """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="dogger test" tests="3" failures="1" errors="0" skipped="1" time="1.235">
              <testsuite name="a_test.lua" tests="2" failures="1" errors="0" skipped="0" time="0.251">
                <testcase name="passes" classname="a_test" time="0.001" file="a_test.lua" line="1"/>
                <testcase name="fails # 1" classname="a_test" time="0.250" file="a_test.lua" line="7">
                  <failure message="expected: 1">a_test.lua:7: expected: 1&#10;got:      &lt;2&gt;&#10;  called from a_test.lua:9</failure>
                  <system-out>h.lua:1: asked</system-out>
                </testcase>
              </testsuite>
              <testsuite name="b_test.lua" tests="1" failures="0" errors="0" skipped="1" time="0.000">
                <testcase name="waits" classname="b_test" time="0.000" file="b_test.lua" line="1">
                  <skipped message="for you"/>
                  <system-out>one&#10;two</system-out>
                </testcase>
              </testsuite>
            </testsuites>

            """)
    }

    @Test func junitSaysNothingThatXMLCanNot() {
        let result = TestResult(file: "f", name: "a\u{0}\"&<>\u{FFFF}", place: "", outcome: .passed, seconds: 0)
        #expect(text(.junit, [result]).contains("name=\"a\\x00&quot;&amp;&lt;&gt;\\xef\\xbf\\xbf\""))
    }

    @Test func severalGetTheSame() {
        var one = "", other = ""
        let reports = TestReports([TAPReport { one += $0 }, TAPReport { other += $0 }])
        reports.report(TestReportTests.results[0])
        reports.end(seconds: 0)
        #expect(one == other && one.hasSuffix("1..1\n"))
    }
}
