import CDogger

public typealias HostCall = dg_call
public typealias HostReply = dg_reply
public typealias HostOperation = dg_op

extension dg_op {
    public static var log: dg_op { DG_OP_LOG }
    public static var sleep: dg_op { DG_OP_SLEEP }
    public static var readFile: dg_op { DG_OP_READ_FILE }
    public static var variable: dg_op { DG_OP_VARIABLE }
    public static var findModule: dg_op { DG_OP_FIND_MODULE }
    public static var readModule: dg_op { DG_OP_READ_MODULE }
    public static var body: dg_op { DG_OP_BODY }
    public static var chunk: dg_op { DG_OP_CHUNK }
    public static var write: dg_op { DG_OP_WRITE }
    public static var streamRead: dg_op { DG_OP_STREAM_READ }
    public static var streamWrite: dg_op { DG_OP_STREAM_WRITE }
    public static var streamClose: dg_op { DG_OP_STREAM_CLOSE }
    public static var forward: dg_op { DG_OP_FORWARD }
    public static var upstreamBody: dg_op { DG_OP_UPSTREAM_BODY }
    public static var upstreamChunk: dg_op { DG_OP_UPSTREAM_CHUNK }
    public static var tapNext: dg_op { DG_OP_TAP_NEXT }
    public static var tapWrite: dg_op { DG_OP_TAP_WRITE }
    public static var tapClose: dg_op { DG_OP_TAP_CLOSE }
}

/// Answers what scripts ask for that is not Lua's own: files, time, the request's body.
public protocol ScriptHost: AnyObject {
    /// Fills `call.answer` and returns `DG_DONE`; or returns `DG_WAIT` (only where `call.may_wait`), and brings the answer
    /// with `ScriptTask.resume` later, never from inside this call. Runs inside a Lua call: it must not call the VM.
    func answer(_ call: inout HostCall) -> HostReply
}

extension dg_answer {
    private init(_ kind: dg_answer_kind, _ bytes: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
        self.init()
        self.kind = kind
        self.bytes = dg_bytes(bytes)
    }

    public static var none: dg_answer { dg_answer(DG_NIL) }
    public static var yes: dg_answer { dg_answer(DG_TRUE) }

    /// The bytes are copied into Lua before the call, or the `resume`, that takes the answer returns.
    public static func bytes(_ buffer: UnsafeRawBufferPointer) -> dg_answer { dg_answer(DG_BYTES, buffer) }

    /// Bytes that go one way through a tap; no bytes are that side's end.
    public static func tapped(_ buffer: UnsafeRawBufferPointer?, fromClient: Bool) -> dg_answer {
        dg_answer(fromClient ? DG_FROM_CLIENT : DG_FROM_UPSTREAM, buffer ?? .init(start: nil, count: 0))
    }

    /// An upstream's answer.
    public static func upstream(_ upstream: dg_upstream) -> dg_answer {
        var answer = dg_answer(DG_UPSTREAM)
        answer.upstream = upstream
        return answer
    }

    /// An error in the script, with the place of its call in front. With a `status` the client gets that, and the message
    /// alone, when the script does not catch it.
    public static func error(_ message: UnsafeRawBufferPointer, status: Int = 500) -> dg_answer {
        var answer = dg_answer(DG_ERROR, message)
        answer.status = Int32(status)
        return answer
    }
}

extension dg_reply {
    public static var done: dg_reply { DG_DONE }
    public static var wait: dg_reply { DG_WAIT }
}
