import CDogger

public typealias HostCall = dg_call
public typealias HostReply = dg_reply
public typealias HostOperation = dg_op

extension dg_op {
    public static var log: dg_op { DG_OP_LOG }
    public static var sleep: dg_op { DG_OP_SLEEP }
    public static var readFile: dg_op { DG_OP_READ_FILE }
    public static var findModule: dg_op { DG_OP_FIND_MODULE }
    public static var readModule: dg_op { DG_OP_READ_MODULE }
    public static var body: dg_op { DG_OP_BODY }
    public static var chunk: dg_op { DG_OP_CHUNK }
    public static var write: dg_op { DG_OP_WRITE }
    public static var streamRead: dg_op { DG_OP_STREAM_READ }
    public static var streamWrite: dg_op { DG_OP_STREAM_WRITE }
    public static var streamClose: dg_op { DG_OP_STREAM_CLOSE }
}

/// Answers what scripts ask for that is not Lua's own: files, time, the request's body.
public protocol ScriptHost: AnyObject {
    /// Fills `call.answer` and returns `DG_DONE`; or returns `DG_WAIT` (only where `call.may_wait`), and brings the answer
    /// with `ScriptTask.resume` later, never from inside this call. Runs inside a Lua call: it must not call the VM.
    func answer(_ call: inout HostCall) -> HostReply
}

extension dg_answer {
    /// The bytes are copied into Lua before the call, or the `resume`, that takes the answer returns.
    public static func bytes(_ buffer: UnsafeRawBufferPointer) -> dg_answer {
        dg_answer(kind: DG_BYTES, status: 0, number: 0, bytes: dg_bytes(buffer))
    }
    public static var none: dg_answer { dg_answer(kind: DG_NIL, status: 0, number: 0, bytes: dg_bytes()) }
    public static var yes: dg_answer { dg_answer(kind: DG_TRUE, status: 0, number: 0, bytes: dg_bytes()) }
    /// An error in the script, with the place of its call in front. With a `status` the client gets that, and the message
    /// alone, when the script does not catch it.
    public static func error(_ message: UnsafeRawBufferPointer, status: Int = 500) -> dg_answer {
        dg_answer(kind: DG_ERROR, status: Int32(status), number: 0, bytes: dg_bytes(message))
    }
}

extension dg_reply {
    public static var done: dg_reply { DG_DONE }
    public static var wait: dg_reply { DG_WAIT }
}
