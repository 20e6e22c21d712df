import LuaRuntime

/// A test that waits for something of its clients'.
final class TestWait {
    private var conversation: Conversation?
    /// In words: what it waits for, and where.
    let purpose: String

    init(_ conversation: Conversation, _ purpose: String) {
        self.conversation = conversation
        self.purpose = purpose
    }

    /// The test is over, or was stopped.
    func cancel() { conversation = nil }

    func resume(_ answer: Answer) {
        let waiting = conversation
        conversation = nil
        waiting?.resume(answer)
    }
}
