import CDogger
import LuaRuntime

/// A VM with one handler, and a host that tests can steer.
final class ScriptFixture: ScriptHost {
    private(set) var machine: VirtualMachine!
    var log: [String] = []
    /// Answers of `body` and `chunk` calls, in order; a nil makes the script wait.
    var answers: [String?] = []
    var written = ""
    var asked: [HostOperation] = []
    private var kept: [UnsafeMutableRawBufferPointer] = []

    init(_ text: String, limits: Limits = Limits(), name: String = "test.lua") throws(ScriptFailure) {
        machine = try VirtualMachine(limits: limits, modules: BuiltInModules([]), version: "1.2.3", host: self)
        try load(text, name: name)
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
        let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, list.count * MemoryLayout<dg_field>.stride), alignment: 4)
        kept.append(stored)
        list.withUnsafeBytes { stored.copyMemory(from: $0) }
        view.fields = UnsafeRawPointer(stored.baseAddress!).assumingMemoryBound(to: dg_field.self)
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
            default: "\(response.status)"
            }
        case .notMine: "not mine"
        case .waiting: "waiting"
        case .streamed: "streamed"
        case .failed(let failure): "\(failure.status): \(failure.message)"
        }
    }
}
