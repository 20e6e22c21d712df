import Testing

@testable import Scripting

@Suite struct HistoryTests {
    @Test func keepsTheLastSoMany() {
        var history = History<String>(mostItems: 3, mostBytes: 1000)
        for name in ["a", "b", "c"] { #expect(history.add(name, bytes: 1) == []) }
        #expect(history.add("d", bytes: 1) == ["a"])
        #expect(history.items == ["b", "c", "d"])
        #expect(history.first == 2)
        #expect(history.nextNumber == 5)
        #expect(history[1] == nil)
        #expect(history[2] == "b")
        #expect(history[4] == "d")
        #expect(history[5] == nil)
        #expect(history.bytes == 3)
    }

    @Test func keepsSoManyBytes() {
        var history = History<String>(mostItems: 10, mostBytes: 10)
        _ = history.add("a", bytes: 4)
        _ = history.add("b", bytes: 4)
        #expect(history.add("c", bytes: 4) == ["a"])
        #expect(history.resize(3, to: 6) == [])
        #expect(history.resize(3, to: 7) == ["b"])
        #expect(history.bytes == 7)
        #expect(history.resize(1, to: 1000) == [])
        #expect(history.items == ["c"])
    }

    @Test func whatIsTooLargeByItselfIsNotKept() {
        var history = History<String>(mostItems: 10, mostBytes: 10)
        _ = history.add("a", bytes: 4)
        #expect(history.add("b", bytes: 11) == ["a", "b"])
        #expect(history.bytes == 0)
        #expect(history.nextNumber == 3)
        #expect(history.add("c", bytes: 10) == [])
        #expect(history[3] == "c")
    }

    @Test func numbersGoOnAfterAllIsForgotten() {
        var history = History<String>(mostItems: 10, mostBytes: 10)
        _ = history.add("a", bytes: 4)
        #expect(history.removeAll() == ["a"])
        #expect(history.removeAll() == [])
        #expect(history.first == 2)
        #expect(history.nextNumber == 2)
    }
}
