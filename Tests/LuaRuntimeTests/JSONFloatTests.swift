import CDogger
import CLua
import Glibc
import TestSupport
import Testing

/// Whether the C function writes `value` as Swift does, up to notation. Swift's `description` is the shortest that reads back, and of
/// these the nearest.
private func isShortest(_ value: Double) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 33) { out in
        let text = out.baseAddress!
        let length = dg_json_format_double(value, text)
        text[length] = 0
        guard length <= 24, strpbrk(text, ".e") != nil, (text[0] == 0x2D) == (value.sign == .minus) else { return false }
        guard strtod(text, nil).bitPattern == value.bitPattern else { return false }
        return value.description.withCString { haveEqualDigits(text, $0) }
    }
}

/// Whether two decimals have the same digits; without signs, points, exponents, and zeros at the ends.
private func haveEqualDigits(_ left: UnsafePointer<CChar>, _ right: UnsafePointer<CChar>) -> Bool {
    var left = left + strcspn(left, "123456789")
    var right = right + strcspn(right, "123456789")
    while true {
        if left.pointee == 0x2E { left += 1 }
        if right.pointee == 0x2E { right += 1 }
        guard left.pointee == right.pointee, left.pointee != 0, left.pointee != 0x65 else { break }
        left += 1
        right += 1
    }
    return [left, right].allSatisfy { ($0 + strspn($0, "0.")).pointee == 0 || ($0 + strspn($0, "0.")).pointee == 0x65 }
}

@Suite struct JSONFloatTests {
    @Test(
        arguments: [
            (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (-1.5, "-1.5"), (0.1, "0.1"), (0.3, "0.3"), (0.1 + 0.2, "0.30000000000000004"),
            (100, "100.0"), (123456.789, "123456.789"), (1e15, "1000000000000000.0"), (1e16, "1e16"),
            (9_007_199_254_740_992, "9007199254740992.0"),
            (9_999_999_999_999_998, "9999999999999998.0"), (1e17, "1e17"), (1e21, "1e21"), (1e22, "1e22"), (1e23, "1e23"), (1e300, "1e300"),
            (-1.25e-7, "-1.25e-7"), (0.0001, "0.0001"), (0.00012345, "0.00012345"), (0.00001, "0.00001"), (0.000001, "1e-6"),
            (1e-7, "1e-7"),
            (.leastNonzeroMagnitude, "5e-324"), (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (Double.leastNormalMagnitude.nextDown, "2.225073858507201e-308"),
            (1.7976931348623157e308, "1.7976931348623157e308"), (5.684341886080802e-14, "5.684341886080802e-14"),
            (9.5367431640625e-7, "9.5367431640625e-7"),
            (1.0 / 3, "0.3333333333333333"), (2.0 / 3, "0.6666666666666666"), (4.35, "4.35"),
            (1_152_921_504_606_846_976, "1.152921504606847e18"),
        ] as [(Double, String)])
    func notation(value: Double, text: String) {
        #expect(runLua("return json.encode(\(value.isFinite ? "\(value)" : "0"))") == .value(text))
    }

    @Test func powersOfTwoAndTheirNeighbours() {
        for exponent in -1074...1023 {
            let power = scalbn(1.0, CInt(exponent))
            for value in [power, power.nextUp, power.nextDown, -power] where !isShortest(value) {
                Issue.record("\(value), near 2^\(exponent)")
            }
        }
    }

    @Test func shortDecimals() {
        for exponent in -325...308 {
            for digits in [1, 2, 5, 9, 12, 99] {
                guard let value = Double("\(digits)e\(exponent)"), value.isFinite else { continue }
                if !isShortest(value) { Issue.record("\(digits)e\(exponent)") }
            }
        }
    }

    @Test func randomBitPatterns() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<200_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            if !isShortest(value) { Issue.record("\(value), bits \(value.bitPattern)") }
        }
    }

    @Test func randomNumbersOfEveryday() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<50_000 {
            let whole = Double(Int64(truncatingIfNeeded: random.next() >> (random.next() & 63)))
            let cents = Double(random.next() % 100_000_000) / 100
            let share = Double.random(in: -1...1, using: &random)
            for value in [whole, cents, share] where !isShortest(value) { Issue.record("\(value), bits \(value.bitPattern)") }
        }
    }

    @Test func integers() {
        var random = SeededGenerator(seed: 3)
        var values: [Int64] = [0, .min, .max, .min + 1]
        var power: Int64 = 1
        for _ in 0..<19 {
            values += [power, power - 1, power + 1, -power, -(power - 1)]
            power = power &* 10
        }
        for _ in 0..<10_000 { values.append(Int64(truncatingIfNeeded: random.next() >> (random.next() & 63))) }
        for value in values {
            let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { out in
                let length = dg_json_format_integer(value, out.baseAddress)
                return String(decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(out)[..<length]), as: UTF8.self)
            }
            #expect(text == String(value))
        }
    }
}
