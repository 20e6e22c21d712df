import HTTP
import Server

/// One open page, at the end of a stream of server-sent events (HTML Living Standard, 9.2). A page that lags behind is told nothing until
/// it has caught up, and then gets all that there is anew: it may miss events, and costs no memory.
final class InspectorPage: ExchangeDelegate {
    private let exchange: Exchange
    private unowned let inspector: Inspector
    private var isLagging = false
    private var missed = 0

    /// - Parameter exchange: whose answer has begun.
    init(_ exchange: Exchange, _ inspector: Inspector) {
        self.exchange = exchange
        self.inspector = inspector
        exchange.delegate = self
    }

    /// Tells of all that there is.
    func begin() { write(InspectorJSON.everything(inspector, missed: missed)) }

    /// - Parameter count: of the changes that the text tells.
    func send(_ text: [UInt8], count: Int) {
        if isLagging { missed += count } else { write(text) }
    }

    func beat() {
        if !isLagging { finish(exchange.write(InspectorPage.silence.bytes)) }
    }

    private func write(_ text: [UInt8]) {
        let event = Array("data: ".utf8) + text + Array("\n\n".utf8)
        finish(event.withUnsafeBytes { exchange.write($0) })
    }

    private func finish(_ outcome: WriteOutcome) {
        if outcome == .wait { isLagging = true }
    }

    private static let silence: StaticString = ":\n\n"

    func exchangeCanRead(_ exchange: Exchange) {}

    func exchangeCanWrite(_ exchange: Exchange) {
        isLagging = false
        guard missed > 0 else { return }
        begin()
        missed = 0
    }

    func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason) { inspector.leave(self) }
}
