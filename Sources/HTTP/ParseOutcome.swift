/// What a parser made of the bytes so far.
public enum ParseOutcome: Equatable, Sendable {
    /// The head is right so far, but not at its end: call again when there are more bytes.
    case incomplete
    /// The head is whole.
    case complete
    /// The head can't be accepted, whatever follows.
    case refused(HTTPError)
}
