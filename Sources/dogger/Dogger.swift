import ArgumentParser
import CDogger
@main struct Dogger: ParsableCommand {
    func run() { print("hi", dg_lua_release()) }
}
