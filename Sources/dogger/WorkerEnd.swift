import EventLoop
import Glibc

/// How a worker ended, in words for the user.
enum WorkerEnd: Equatable {
    /// It had nothing more to do.
    case finished
    /// The handlers did not load, or the like: a sentence; and the script's lines that it is about, for whom they are shown to.
    case failed(String, excerpt: String = "")
    /// A script could not be stopped: a sentence.
    case hung(String)
    /// The parent ended it, for it did not answer for this many nanoseconds.
    case silent(UInt64)
    case signalled(Int32, place: String?)
    case exited(Int32)

    /// - Parameters:
    ///   - lastWord: what it told last, if that was about its end.
    ///   - wasAsked: it was told to end.
    init(_ status: ChildProcess.Status, lastWord: (kind: Channel.Kind, text: String)?, wasAsked: Bool) {
        switch (status, lastWord?.kind) {
        case (.exited, .failed?):
            let lines = lastWord!.text.split(separator: "\n", maxSplits: 1).map(String.init)
            self = .failed(lines.first ?? "", excerpt: lines.count > 1 ? lines[1] : "")
        case (.exited, .hung?): self = .hung(lastWord!.text)
        case (.signalled(let number), let kind): self = .signalled(number, place: kind == .crashed ? lastWord!.text : nil)
        case (.exited(let code), _): self = code == 0 && wasAsked ? .finished : .exited(code)
        }
    }

    /// What happened, as the start of a sentence.
    var description: String {
        switch self {
        case .finished: "the worker finished"
        case .failed(let text, _), .hung(let text): text
        case .silent(let time): "the worker did not answer for \(readable(time)), and was ended"
        case .signalled(let number, let place?):
            "\(place): the worker crashed here with signal \(number) (\(String(cString: strsignal(number))))"
        case .signalled(let number, nil):
            "the worker was ended by signal \(number) (\(String(cString: strsignal(number))))"
        case .exited(let code): "the worker left with status \(code)"
        }
    }
}

/// `800 ms`, `1.1 s`, `10 s`.
func readable(_ nanoseconds: UInt64) -> String {
    guard nanoseconds >= 1_000_000_000 else { return "\((nanoseconds + 999_999) / 1_000_000) ms" }
    let tenths = (nanoseconds + 50_000_000) / 100_000_000
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
}
