import ArgumentParser
import Scripting

extension Template: ExpressibleByArgument {}

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a handler to start from, with its test beside it.",
        discussion: """
            Writes NAME.lua and NAME_test.lua, and overwrites nothing. A name may have a directory in front, which has to be \
            there. The templates:

              function  answers every request with a function
              routes    answers by method and path
              engine    stands in for a Docker engine
              policy    in front of a server: lets pass what is listed, refuses all else
              proxy     in front of a server: changes what comes back

              dogger new hello
              dogger new gate --from policy
            """)

    @Argument(help: "The handler's name: letters, digits, '-' and '_'.")
    var name: String

    @Option(help: ArgumentHelp("What to start from.", valueName: "template"))
    var from = Template.function

    private var stem: String { name.hasSuffix(".lua") ? String(name.dropLast(4)) : name }

    func validate() throws {
        let last = stem.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        guard HandlerSearch.isName(last), !last.contains("."), !last.hasSuffix("_test") else {
            throw ValidationError("'\(name)' can't be a handler's name: take letters, digits, '-' and '_'; what ends in _test is a test")
        }
    }

    func run() throws {
        let last = HandlerSearch.name(of: stem)
        func named(_ text: [UInt8]) -> [UInt8] {
            // In a template, its name stands for the new one.
            Array(String(decoding: text, as: UTF8.self).replacing("\(from.rawValue).lua", with: "\(last).lua")
                .replacing("describe(\"\(from.rawValue)\"", with: "describe(\"\(last)\"").utf8)
        }
        try SharedFile.create([("\(stem).lua", named(from.handler)), ("\(stem)_test.lua", named(from.test))])
        let (handler, test) = (ShellWord.quoted("\(stem).lua"), ShellWord.quoted("\(stem)_test.lua"))
        let behind = from == .policy || from == .proxy ? " --upstream docker" : ""
        Output.say(
            "wrote \(stem).lua and \(stem)_test.lua. Next:",
            "  dogger run \(handler)\(behind)    serves it; save it, and the next request gets the new version",
            "  dogger test \(test)    runs its test",
            "  dogger types    tells your editor the functions that there are")
    }
}
