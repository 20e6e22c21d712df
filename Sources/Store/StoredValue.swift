/// A value as it lies in the store.
public enum StoredValue {
    /// A string, of any bytes.
    case string(UnsafeRawBufferPointer)
    /// Any other value, as JSON.
    case json(UnsafeRawBufferPointer)
    /// To be stored as JSON; what is read is never this.
    case integer(Int64)

    var size: Int {
        switch self {
        case .string(let bytes), .json(let bytes): bytes.count
        case .integer: 20
        }
    }

    /// Nil where it is none of 64 bits.
    var integer: Int64? {
        switch self {
        case .string: nil
        case .json(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .integer(let number): number
        }
    }
}
