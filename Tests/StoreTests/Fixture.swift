import Glibc

@testable import Store

/// A new directory, removed with this.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/dogger-store-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { found.append(name) }
        }
        return found.sorted()
    }

    func mode(_ name: String) -> UInt32 {
        var status = stat()
        stat("\(path)/\(name)", &status)
        return status.st_mode & 0o777
    }

    func write(_ name: String, _ bytes: [UInt8], at offset: Int = 0) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
        precondition(file >= 0 && pwrite(file, bytes, bytes.count, offset) == bytes.count)
        close(file)
    }
}

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
