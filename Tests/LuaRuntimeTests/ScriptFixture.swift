import CDogger
import Glibc
import LuaRuntime

/// A VM with one handler, and a host that tests can steer.
final class ScriptFixture: ScriptHost {
    private(set) var machine: VirtualMachine!
    var log: [String] = []
    /// Answers of `body` and `chunk` calls, in order; a nil makes the script wait.
    var answers: [String?] = []
    var written = ""
    var asked: [HostOperation] = []
    /// What was sent to the upstream last.
    var sent = ""
    var taps: [(direction: String, bytes: String?)] = []
    private var bodyParts = ["{\"a\"", ":1}"]
    private var kept: [UnsafeMutableRawBufferPointer] = []

    init(_ text: String, limits: Limits = Limits(), name: String = "test.lua", hasUpstream: Bool = false, coverage: Coverage? = nil) throws(ScriptFailure) {
        machine = try VirtualMachine(
            limits: limits, modules: ScriptFixture.modules, version: "1.2.3", hasUpstream: hasUpstream, coverage: coverage, host: self)
        try load(text, name: name)
    }

    private static let modules = BuiltInModules([
        ("dogger.forward", ScriptFixture.source("forward.lua")), ("dogger.docker", ScriptFixture.source("docker.lua")),
        ("dogger.http", ScriptFixture.source("http.lua")),
    ])

    /// The Lua half of the API, which belongs to a layer above.
    private static func source(_ name: String) -> [UInt8] {
        let path = "\(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined())/Sources/Scripting/lua/\(name)"
        guard let file = fopen(path, "r") else { fatalError("no file \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }

    deinit {
        machine = nil
        for bytes in kept { bytes.deallocate() }
    }

    func load(_ text: String, name: String = "test.lua") throws(ScriptFailure) {
        try machine.load(name: name, text: UnsafeRawBufferPointer(keep(text)))
    }

    func answer(_ call: inout HostCall) -> HostReply {
        asked.append(call.op)
        switch call.op {
        case .log:
            log.append(String(call.source) + String(call.text))
            return .done
        case .write, .streamWrite:
            written += String(call.text)
            call.answer = .yes
            return .done
        case .forward:
            sent = describe(call.forward!.pointee)
            let head = keep("Content-Typeapplication/jsonX-Up1")
            let fields = keep(fields: [(0, 12, 12, 16), (28, 4, 32, 1)])
            call.answer = .upstream(ScriptUpstream(number: 1, status: 200, upgraded: false,
                head: UnsafeRawPointer(head.baseAddress!).assumingMemoryBound(to: CChar.self), fields: fields, field_count: 2))
            return .done
        case .upstreamBody:
            call.answer = .bytes(UnsafeRawBufferPointer(keep(bodyParts.joined())))
            return .done
        case .upstreamChunk:
            call.answer = bodyParts.isEmpty ? .none : .bytes(UnsafeRawBufferPointer(keep(bodyParts.removeFirst())))
            return .done
        case .tapNext:
            call.answer = .none
            if !taps.isEmpty {
                let (direction, bytes) = taps.removeFirst()
                call.answer = .tapped(bytes.map { UnsafeRawBufferPointer(keep($0)) }, fromClient: direction == "up")
            }
            return .done
        case .tapWrite, .tapClose:
            written += "[\(call.to_client ? "down" : "up") \(call.op == .tapClose ? "end" : String(call.text))]"
            call.answer = .yes
            return .done
        default:
            guard !answers.isEmpty else {
                call.answer = .none
                return .done
            }
            guard let text = answers.removeFirst() else {
                guard call.may_wait else {
                    call.answer = .error(UnsafeRawBufferPointer(keep("can't wait here")))
                    return .done
                }
                return .wait
            }
            call.answer = .bytes(UnsafeRawBufferPointer(keep(text)))
            return .done
        }
    }

    func keep(_ text: String) -> UnsafeMutableRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, text.utf8.count), alignment: 1)
        bytes.copyBytes(from: Array(text.utf8))
        kept.append(bytes)
        return UnsafeMutableRawBufferPointer(rebasing: bytes[..<text.utf8.count])
    }

    private func keep(_ list: [dg_field]) -> UnsafePointer<dg_field> {
        let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, list.count * MemoryLayout<dg_field>.stride), alignment: 4)
        kept.append(stored)
        list.withUnsafeBytes { stored.copyMemory(from: $0) }
        return UnsafeRawPointer(stored.baseAddress!).assumingMemoryBound(to: dg_field.self)
    }

    private func keep(fields: [(UInt32, UInt32, UInt32, UInt32)]) -> UnsafePointer<dg_field> {
        keep(fields.map { dg_field(name: ScriptSlice(offset: $0.0, length: $0.1), value: ScriptSlice(offset: $0.2, length: $0.3)) })
    }

    private func describe(_ forward: ScriptForward) -> String {
        var parts: [String] = []
        if forward.method.start != nil { parts.append("method=" + String(forward.method)) }
        if forward.target.start != nil { parts.append("target=" + String(forward.target)) }
        if forward.headers_changed {
            let headers = UnsafeBufferPointer(start: forward.headers, count: forward.header_count)
            parts.append("headers=" + headers.map { "\(String($0.name)):\(String($0.value))" }.joined(separator: ","))
        }
        if forward.has_body { parts.append("body=" + String(forward.body)) }
        return parts.isEmpty ? "unchanged" : parts.joined(separator: " ")
    }

    /// A task for the request, not started.
    func task(_ method: String = "GET", _ target: String = "/", fields: [(String, String)] = [], body: String? = "") -> ScriptTask {
        var head = ""
        var list: [dg_field] = []
        func slice(_ text: String) -> ScriptSlice {
            defer { head += text }
            return ScriptSlice(offset: UInt32(head.utf8.count), length: UInt32(text.utf8.count))
        }
        var view = RequestView()
        view.method = slice(method)
        view.target = slice(target)
        let path = target.prefix { $0 != "?" }
        view.path = ScriptSlice(offset: view.target.offset, length: UInt32(path.utf8.count))
        if path.count < target.count {
            view.has_query = true
            view.query = ScriptSlice(offset: view.target.offset + view.path.length + 1, length: view.target.length - view.path.length - 1)
        }
        for (name, value) in fields { list.append(dg_field(name: slice(name), value: slice(value))) }
        view.head = UnsafeRawPointer(keep(head).baseAddress!).assumingMemoryBound(to: CChar.self)
        view.fields = keep(list)
        view.field_count = list.count
        view.id = 7
        view.descriptor = -1
        if let body {
            view.body_is_here = true
            view.body = dg_bytes(UnsafeRawBufferPointer(keep(body)))
        }
        let task = machine.takeTask()!
        task.request = view
        return task
    }

    /// The whole answer of a request in one word: the body, or what happened instead.
    func run(_ method: String = "GET", _ target: String = "/", fields: [(String, String)] = [], body: String? = "") -> String {
        let task = task(method, target, fields: fields, body: body)
        defer { task.end() }
        return describe(task.start())
    }

    func describe(_ outcome: ScriptTask.Outcome) -> String {
        switch outcome {
        case .responded(let response):
            switch response.body_kind {
            case .bytes: (response.status == 200 ? "" : "\(response.status) ") + String(response.body)
            case .function: "function"
            case .upgrade: "upgrade"
            case .upstream:
                "upstream \(response.upstream) \(response.status) "
                    + UnsafeBufferPointer(start: response.headers, count: response.header_count)
                    .map { "\(String($0.name))=\(String($0.value))" }.joined(separator: ";") + (response.tapped ? ", tapped" : "")
            default: "\(response.status)"
            }
        case .notMine(let touched): touched ? "not mine, touched" : "not mine"
        case .waiting: "waiting"
        case .streamed: "streamed"
        case .failed(let failure): "\(failure.status): \(failure.message)"
        }
    }
}
