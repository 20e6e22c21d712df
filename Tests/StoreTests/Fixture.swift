import Glibc

@testable import Store

/// The calls with text in place of bytes: `"text"` is a string, and `.json("text")` JSON.
extension Store {
    enum Text: Equatable, ExpressibleByStringLiteral {
        case string([UInt8])
        case json(String)

        init(stringLiteral text: String) { self = .string(Array(text.utf8)) }

        func with<Result>(_ body: (StoredValue) throws -> Result) rethrows -> Result {
            switch self {
            case .string(let bytes): try bytes.withUnsafeBytes { try body(.string($0)) }
            case .json(let text): try Array(text.utf8).withUnsafeBytes { try body(.json($0)) }
            }
        }
    }

    func get(_ key: String) throws -> Text? {
        var found: Text?
        _ = try Array(key.utf8).withUnsafeBytes { key in
            try get(key) { value in
                switch value {
                case .string(let bytes): found = .string(Array(bytes))
                case .json(let bytes): found = .json(String(decoding: bytes, as: UTF8.self))
                case .integer: found = nil
                }
            }
        }
        return found
    }

    func set(_ key: String, _ value: Text, lifetime: Double? = nil) throws {
        try Array(key.utf8).withUnsafeBytes { key in try value.with { try set(key, $0, lifetime: lifetime) } }
    }

    func delete(_ key: String) throws -> Bool { try Array(key.utf8).withUnsafeBytes { try delete($0) } }

    func add(_ number: Int64, to key: String) throws -> Int64 { try Array(key.utf8).withUnsafeBytes { try add(number, to: $0) } }

    func replace(_ key: String, _ expected: Text?, with new: Text?) throws -> Bool {
        func with<Result>(_ value: Text?, _ body: (StoredValue?) throws -> Result) rethrows -> Result {
            guard let value else { return try body(nil) }
            return try value.with { try body($0) }
        }
        return try Array(key.utf8).withUnsafeBytes { key in
            try with(expected) { expected in try with(new) { new in try replace(key, expected, with: new) } }
        }
    }

    func keys(_ prefix: [UInt8] = []) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try prefix.withUnsafeBytes { try keys($0) { found.append(Array($0)) } }
        return found
    }

    /// The error of a call that has to fail.
    static func error(_ body: () throws -> Void) -> StoreError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StoreError
        }
    }
}
