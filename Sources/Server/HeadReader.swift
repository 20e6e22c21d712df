import HTTP

/// A parser with an address of its own: the server has one that reads every head that comes in one piece, and a connection
/// whose head comes in pieces takes it along and leaves a fresh one.
final class HeadReader {
    // Only one connection at a time uses it, and the parser calls nobody.
    @exclusivity(unchecked) var parser: RequestParser

    init(limits: HeadLimits) { parser = RequestParser(limits: limits) }
}
