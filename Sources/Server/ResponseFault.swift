import HTTP

/// Why a response was not sent. The exchange can still be answered with another one, except after `begun` and `ended`.
public enum ResponseFault: Error, Equatable, Sendable {
    /// A status or a field that HTTP can't carry.
    case malformed(ResponseError)
    case interimStatus(Int)
    case transferEncoding
    case repeatedContentLength
    case malformedContentLength
    case wrongContentLength(said: UInt64, body: UInt64)
    case begun
    case ended

    public var message: String {
        switch self {
        case .malformed(let error):
            error.message
        case .interimStatus(let status):
            "The status \(status) can't end a request: answer with 200 to 599 (an upgrade sends its 101 itself)."
        case .transferEncoding:
            "The header Transfer-Encoding is set by the server: leave it out."
        case .repeatedContentLength:
            "The header Content-Length comes twice: leave it out, the server counts the bytes."
        case .malformedContentLength:
            "The header Content-Length is not a decimal number: leave it out, the server counts the bytes."
        case .wrongContentLength(let said, let body):
            "The header Content-Length says \(said), but the body has \(body) bytes: leave it out, the server counts them."
        case .begun:
            "The response has begun already: there can be only one."
        case .ended:
            "The request is over: it was answered already, or the client is gone."
        }
    }
}
