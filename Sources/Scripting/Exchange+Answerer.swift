import Server

extension Exchange {
    /// Tells who looks on, the log and the inspector, by whom a request is answered. The first to be told is the one.
    /// - Parameters:
    ///   - answerer: a handler's path or an upstream's address; nil: nobody.
    ///   - asked: the handlers that were asked, in their order.
    func tellAnswered(by answerer: @autoclosure () -> String?, asked: ArraySlice<String>) {
        guard witness != nil else { return }
        let answerer = answerer()
        record?.answered(by: answerer)
        inspected?.answered(by: answerer, asked: Array(asked))
    }
}
