import CDogger
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Scripting

@Suite struct ScriptFilesTests {
    private let directory = TemporaryDirectory()
    private let files = ScriptFiles()
    private var root: String { directory.path }

    /// The text, or what is wrong; `DIR` stands for the directory.
    private func said(_ body: () throws -> ByteBuffer) -> String {
        do {
            let bytes = try body()
            return withExtendedLifetime(bytes) { String(decoding: bytes.readable, as: UTF8.self) }
        } catch {
            return ((error as? ScriptFiles.Fault)?.message ?? "\(error)").replacing(root, with: "DIR")
        }
    }

    private func module(_ name: String, from source: String = "") -> String {
        do { return try files.module(name, from: source).replacing(root, with: "DIR") } catch { return error.message.replacing(root, with: "DIR") }
    }

    private func readFile(_ name: String, from source: String? = nil) -> String {
        said { try files.file(name, from: source ?? "\(root)/h.lua") }
    }

    /// Every test's handler.
    private func load(_ name: String = "h.lua") { _ = said { try files.handler("\(root)/\(name)").text } }

    // MARK: Modules

    @Test(arguments: [
        ("one", "DIR/one.lua"), ("lib.two", "DIR/lib/two.lua"), ("lib.deep.three-4_5", "DIR/lib/deep/three-4_5.lua"),
    ])
    func aNameIsAPathBesideTheScript(_ name: String, _ path: String) {
        directory.write("h.lua", "")
        directory.write(String(path.dropFirst(4)), "return 1")
        load()
        #expect(module(name, from: "\(root)/h.lua") == path)
        // A module's own modules are beside the handler too, not beside the module.
        #expect(module(name, from: path.replacing("DIR", with: root)) == path)
    }

    @Test(arguments: ["", ".", "..", ".a", "a.", "a..b", "a/b", "../a", "/a", "a b", "a\0b", "ä", "a.b/c", "~"])
    func namesThatAreNone(_ name: String) {
        #expect(module(name) == "'\(name)' is no name of a module: names look like \"lib.names\" for lib/names.lua beside the script")
    }

    @Test func aModuleThatIsMissing() {
        load()
        #expect(module("lib.none", from: "\(root)/h.lua")
            == "there is no module 'lib.none': no file DIR/lib/none.lua, and dogger's own are dogger, dogger.json, dogger.docker, dogger.store, dogger.http, dogger.tape")
    }

    @Test func eachHandlerHasItsOwnDirectory() {
        directory.write("a/h.lua", "")
        directory.write("b/h.lua", "")
        directory.write("a/m.lua", "")
        directory.write("b/m.lua", "")
        load("a/h.lua")
        load("b/h.lua")
        #expect(module("m", from: "\(root)/a/h.lua") == "DIR/a/m.lua")
        #expect(module("m", from: "\(root)/b/h.lua") == "DIR/b/m.lua")
        #expect(module("m", from: "a chunk from nowhere") == "DIR/a/m.lua")
    }

    // MARK: read_file

    @Test func filesBesideTheScript() {
        directory.write("data/x.txt", "text \0 and bytes")
        load()
        #expect(readFile("data/x.txt") == "text \0 and bytes")
        #expect(readFile("./data//x.txt") == "text \0 and bytes")
        directory.write("empty", "")
        #expect(readFile("empty") == "")
        directory.write("large", String(repeating: "0123456789", count: 50_000))
        #expect(readFile("large").utf8.count == 500_000)
    }

    @Test(arguments: ["", "a\0b"])
    func namesThatAreNoPaths(_ name: String) {
        load()
        #expect(readFile(name).hasPrefix("read_file(\"\(name)\"): this is no path"))
    }

    /// The same words for what is there and for what is not: a script must not learn what exists elsewhere.
    @Test(arguments: [
        ("/etc/passwd", "/etc"), ("/etc/no such file", "/etc"), ("/no such directory/x", "/no such directory"), ("/", "/"),
        ("../x", "/tmp"), ("..", "/"), ("../../etc/passwd", "/etc"), ("/usr/..//etc/./passwd", "/etc"),
    ])
    func pathsThatLeadOut(_ name: String, _ directory: String) {
        load()
        #expect(readFile(name)
            == "read_file(\"\(name)\"): a script reads what is beside it, and what a flag grants: dogger run --allow-read \(ShellWord.quoted(directory)) would grant it")
    }

    @Test func pathsThatComeBack() {
        directory.write("h.lua", "handler")
        directory.write("data/x", "fine")
        load()
        #expect(readFile("data/../data/x") == "fine")
        #expect(readFile("../\(root.dropFirst(5))/data/x") == "fine")
        #expect(readFile("\(root)/data/x") == "fine")
        #expect(readFile("data/none/../x").hasSuffix("there is no such file"))
        #expect(readFile("data/..").hasSuffix("is a directory; name a file"))
    }

    @Test func linksThatLeadOut() {
        let other = TemporaryDirectory()
        other.write("secret", "secret")
        other.write("secret.lua", "return 1")
        directory.write("h.lua", "")
        directory.link("file", to: "\(other.path)/secret")
        directory.link("up", to: "..")
        directory.link("out", to: other.path)
        directory.link("m.lua", to: "\(other.path)/secret.lua")
        directory.write("inside", "fine")
        directory.link("in", to: "inside")
        load()
        func refusal(_ path: String, _ mention: String) -> String {
            "\(mention): DIR/\(path) is a link that leads out of what a script may read: dogger run --allow-read \(other.path) would grant it"
        }
        for name in ["file", "out/secret", "up/\(other.path.dropFirst(5))/secret"] {
            #expect(readFile(name) == refusal(name, "read_file(\"\(name)\")"))
        }
        #expect(module("m", from: "\(root)/h.lua") == refusal("m.lua", "require \"m\""))
        #expect(module("out.secret", from: "\(root)/h.lua") == refusal("out/secret.lua", "require \"out.secret\""))
        #expect(readFile("in") == "fine")
        directory.link("dangling", to: "none")
        #expect(readFile("dangling") == "DIR/dangling: there is no such file")
    }

    /// The path is looked at, and then opened: a link that comes in between leads nowhere.
    @Test func aModuleThatBecomesALink() {
        let other = TemporaryDirectory()
        other.write("secret", "secret")
        directory.write("m.lua", "return 1")
        load()
        let path = "\(root)/m.lua"
        #expect(module("m", from: "\(root)/h.lua") == "DIR/m.lua")
        directory.remove("m.lua")
        directory.link("m.lua", to: "\(other.path)/secret")
        #expect(said { try files.module(at: path) }.contains("is a link that leads out"))
        #expect(dg_open_real(path) == -1 && errno == ELOOP)
    }

    // MARK: What is granted

    @Test func filesInADirectoryThatIsGranted() {
        let other = TemporaryDirectory()
        other.write("x", "granted")
        other.write("sub/y", "below")
        other.link("passwd", to: "/etc/passwd")
        other.link("inside", to: "\(other.path)/x")
        directory.link("file", to: "\(other.path)/x")
        directory.write("h.lua", "")
        // By a link, to show that it is what it leads to that is granted.
        directory.link("way", to: other.path)
        var grants = Grants()
        grants.read = ["\(root)/way"]
        let files = ScriptFiles(grants)
        func readFile(_ name: String) -> String { said { try files.file(name, from: "\(root)/h.lua") }.replacing(other.path, with: "OTHER") }
        _ = said { try files.handler("\(root)/h.lua").text }
        for path in ["\(other.path)/x", "../\(other.path.dropFirst(5))/x", "\(other.path)/inside", "file", "way/x"] {
            #expect(readFile(path) == "granted", "\(path)")
        }
        #expect(readFile("\(other.path)/sub/y") == "below")
        #expect(readFile("\(other.path)/none") == "OTHER/none: there is no such file")
        #expect(readFile("way/passwd")
            == "read_file(\"way/passwd\"): DIR/way/passwd is a link that leads out of what a script may read: dogger run --allow-read /etc would grant it")
        #expect(readFile("/etc/passwd").contains("--allow-read /etc would grant it"))
        // A directory whose name goes on where the granted one's ends.
        #expect(readFile("\(other.path)2/x").contains("--allow-read OTHER2"))
        #expect(files.touched["\(other.path)/x"] != nil && files.touched["\(other.path)/none"] != nil)
        #expect(files.touched["/etc/passwd"] == nil)
    }


    /// A directory whose name goes on where the script's ends is not in it.
    @Test func aDirectoryWithALongerName() {
        directory.write("a/h.lua", "")
        directory.write("ab/secret", "secret")
        directory.link("a/x", to: "\(root)/ab/secret")
        load("a/h.lua")
        #expect(readFile("x", from: "\(root)/a/h.lua").contains("leads out"))
    }

    @Test func theScriptsDirectoryMayBeALinkItself() {
        directory.write("real/h.lua", "handler")
        directory.write("real/x", "fine")
        directory.link("linked", to: "real")
        load("linked/h.lua")
        #expect(readFile("x", from: "\(root)/linked/h.lua") == "fine")
    }

    @Test func filesThatCannotBeRead() {
        directory.write("sub/x", "")
        mkfifo("\(root)/pipe", 0o600)
        load()
        #expect(readFile("none") == "DIR/none: there is no such file")
        #expect(readFile("sub").hasPrefix("DIR/sub is a directory"))
        #expect(readFile("pipe").hasPrefix("DIR/pipe is not a regular file"))
        #expect(said { try files.handler("\(root)/sub").text } .hasPrefix("DIR/sub is a directory"))
        #expect(said { try files.handler("\(root)/none.lua").text } == "DIR/none.lua: there is no such file")
    }

    @Test func onlyWhatIsMissingIsMissing() {
        #expect(throws: ScriptFiles.Fault.self) { try files.read("\(root)/none") }
        do { _ = try files.read("\(root)/none") } catch { #expect(error.isMissing) }
        do { _ = try files.read(root) } catch { #expect(!error.isMissing) }
    }

    // MARK: What a version is made of

    @Test func whatWasReadOrLookedForIsRemembered() {
        directory.write("h.lua", "")
        directory.write("m.lua", "")
        directory.write("x", "")
        load()
        _ = module("m", from: "\(root)/h.lua")
        _ = module("none", from: "\(root)/h.lua")
        _ = said { try files.read("\(root)/m.lua") }
        _ = readFile("x")
        _ = readFile("y")
        #expect(files.touched.keys.sorted() == ["h.lua", "m.lua", "none.lua", "x", "y"].map { "\(root)/\($0)" })
        #expect(!files.isStale)
    }

    @Test(arguments: ["write", "remove", "replace", "appear"])
    func aChangeMakesItStale(_ change: String) {
        directory.write("h.lua", "one")
        load()
        _ = readFile("none")
        #expect(!files.isStale)
        switch change {
        case "write": directory.write("h.lua", "longer than before")
        case "remove": directory.remove("h.lua")
        case "replace":
            directory.write("new", "two")
            #expect(rename("\(root)/new", "\(root)/h.lua") == 0)
        default: directory.write("none", "")
        }
        #expect(files.isStale)
    }

    /// Else it would be tried again and again, without end.
    @Test(.enabled(if: geteuid() != 0, "root may read every file")) func whatMayNotBeReadIsNotStaleForThat() {
        directory.write("h.lua", "")
        directory.write("x", "")
        load()
        chmod("\(root)/x", 0)
        #expect(readFile("x") == "DIR/x can't be read: permission denied")
        #expect(!files.isStale && !files.isKeptOut)
    }

    /// Read twice, it is the first reading that the version was made of.
    @Test func aChangeBetweenTwoReadings() {
        directory.write("x", "one")
        load()
        _ = readFile("x")
        directory.write("x", "another")
        _ = readFile("x")
        #expect(files.isStale)
    }

    @Test func aFileThatARequestReadsFirstIsTold() {
        directory.write("x", "")
        load()
        var news = 0
        files.whenNew = { news += 1 }
        _ = readFile("x")
        _ = readFile("x")
        #expect(news == 1)
        #expect(files.touched["\(root)/x"] != nil)
        // What is not there could be any number of names.
        _ = readFile("none")
        _ = module("none", from: "\(root)/h.lua")
        #expect(news == 1)
        #expect(files.touched["\(root)/none"] == nil && files.touched["\(root)/none.lua"] == nil)
    }
}
