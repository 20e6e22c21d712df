import CDogger

/// Why a script did not answer.
public struct ScriptFailure: Error, Equatable {
    public enum Kind: Equatable, Sendable { case scriptError, outOfTime, outOfMemory }

    public var kind: Kind
    /// What the client gets: 500; 503 past a limit; what the script said in `error { status =, message = }`.
    public var status: Int
    /// One sentence that begins with the place: `handlers/ps.lua:12: attempt to index a nil value (local 'c')`.
    public var message: String
    /// The calls that led there, as Lua's `debug.traceback` writes them; empty where there were none.
    public var traceback: String

    init(_ failure: dg_failure) {
        kind = switch failure.kind {
        case DG_OUT_OF_TIME: .outOfTime
        case DG_OUT_OF_MEMORY: .outOfMemory
        default: .scriptError
        }
        status = Int(failure.status)
        message = String(failure.message)
        traceback = String(failure.traceback)
    }

    public init(status: Int = 500, message: String) {
        kind = .scriptError
        self.status = status
        self.message = message
        traceback = ""
    }
}

extension String {
    /// The bytes as text; what is not UTF-8 is shown as U+FFFD.
    public init(_ bytes: dg_bytes) {
        self.init(decoding: bytes.buffer, as: UTF8.self)
    }
}

extension dg_bytes {
    public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: length) }

    public init(_ buffer: UnsafeRawBufferPointer) {
        self.init(start: buffer.baseAddress?.assumingMemoryBound(to: CChar.self), length: buffer.count)
    }
}
