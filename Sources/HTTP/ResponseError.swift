/// What is wrong with a response that a script built. Such a response is not sent, because it would be read as another one
/// than was meant: a value with a line break in it can end the head and begin a response of its own.
public enum ResponseError: Error, Equatable, Sendable {
    case status(Int)
    case emptyFieldName
    case fieldName(name: String, byte: UInt8)
    case fieldValue(name: String, byte: UInt8)

    public var message: String {
        switch self {
        case .status(let status):
            "The status \(status) is not a number from 100 to 999."
        case .emptyFieldName:
            "A header has an empty name."
        case .fieldName(let name, let byte):
            "The header name \"\(name)\" holds \(Self.describe(byte)): only letters, digits and !#$%&'*+-.^_`|~ are allowed."
        case .fieldValue(let name, let byte):
            "The value of the header \"\(name)\" holds \(Self.describe(byte)), which is not allowed there."
        }
    }

    /// - Returns: nil where the status has three digits.
    @inlinable
    public static func check(status: Int) -> ResponseError? {
        status >= 100 && status <= 999 ? nil : .status(status)
    }

    /// Allocates only where there is a fault.
    ///
    /// - Returns: nil where the name is a token and the value holds no control byte but the tab (RFC 9110 section 5.5).
    public static func check(_ field: ResponseField) -> ResponseError? {
        guard field.name.count > 0 else { return .emptyFieldName }
        for byte in field.name where !ByteClass.isToken(byte) {
            return .fieldName(name: printable(field.name), byte: byte)
        }
        for byte in field.value where ByteClass.isControl(byte) {
            return .fieldValue(name: printable(field.name), byte: byte)
        }
        return nil
    }

    /// A name for a message: short, and without the bytes that would garble the line it is printed on.
    private static func printable(_ name: UnsafeRawBufferPointer) -> String {
        let most = 64
        var text = ""
        for byte in name.prefix(most) {
            text.unicodeScalars.append(byte > 0x20 && byte < 0x7F ? Unicode.Scalar(byte) : "?")
        }
        return name.count > most ? text + "..." : text
    }

    private static func describe(_ byte: UInt8) -> String {
        switch byte {
        case 0: return "a NUL byte"
        case .lineFeed: return "a line feed"
        case .carriageReturn: return "a carriage return"
        case .space: return "a space"
        case .tab: return "a tab"
        case 0x21..<0x7F: return "\"\(Character(Unicode.Scalar(byte)))\""
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            return "the byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
        }
    }
}
