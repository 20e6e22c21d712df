/// Why a handler can't be packed, shown, installed or found: a sentence, with the file and the line where there is one.
public struct SharingFault: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
