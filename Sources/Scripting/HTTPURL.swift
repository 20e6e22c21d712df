import HTTP
import Server

/// What a script asks for: `http://host:port/path?query`, or `http+unix://%2Fpath%2Fto%2Fsocket/path?query`. Read strictly, so that
/// the address that the grants are asked about is the one that is connected to, and no other reading of the text is possible.
struct HTTPURL: Equatable {
    var address: UpstreamAddress
    /// What the Host field says: as it is written, RFC 9112 section 3.2.
    var host: String
    /// Path and query, as they are sent.
    var target: String

    /// Why a text is none; a sentence.
    struct Fault: Error {
        var message: String
    }

    init(_ text: String) throws(Fault) {
        guard let end = text.firstRange(of: "://") else { throw HTTPURL.unclear(text) }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }) else {
            throw Fault(message: "'\(text)' holds a blank, a control byte, a letter beyond ASCII, a backslash or a #: percent-encode it")
        }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        target = path.hasPrefix("/") ? String(path) : "/\(path)"
        do throws(UpstreamAddressError) {
            switch text[..<end.lowerBound].lowercased() {
            case "http":
                guard !authority.contains("%") else { throw .malformedHost(text) }
                address = try UpstreamAddress.parse("http://\(authority)")
                host = String(authority)
            case "http+unix":
                guard let path = HTTPURL.decoded(authority), path.contains("/") else { throw .noPath(text) }
                address = try UpstreamAddress.parse("unix:\(path)")
                host = "localhost"
            case "https": throw .unsupportedScheme(text, scheme: "https")
            default: throw .unclear(text)
            }
        } catch {
            switch error {
            case .unclear, .noPath, .empty: throw HTTPURL.unclear(text)
            default: throw Fault(message: error.description)
            }
        }
    }

    private static func unclear(_ text: String) -> Fault {
        Fault(message: "'\(text)' is no address that can be asked: write http://host:port/path, or http+unix://%2Fpath%2Fto%2Fsocket/path")
    }

    /// Nil where an escape is malformed, or stands for no UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let value = UInt8(String(digits)!, radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
