import ArgumentParser
import Scripting

/// `--log-format`.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
    case auto, plain, color, json

    /// Of what goes to standard error.
    var style: LogStyle {
        switch self {
        case .auto: .suiting(2)
        case .plain: .plain
        case .color: .aligned(colors: true)
        case .json: .json
        }
    }
}
