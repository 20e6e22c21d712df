import CDogger
import Glibc

/// Does what a host call asks for, and charges the script with the time in which the thread only waited.
public func chargingForWaits(_ body: () -> Void) {
    let start = (nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_THREAD_CPUTIME_ID))
    body()
    let taken = nanoseconds(CLOCK_MONOTONIC) - start.0
    let used = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start.1
    if taken > used { dg_deadline_waited(taken - used) }
}

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

public typealias HostCall = dg_call
public typealias HostReply = dg_reply
public typealias HostOperation = dg_op
public typealias ScriptStoreCall = dg_store
public typealias ScriptStoreValue = dg_value

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
    public static var now: dg_op { DG_OP_NOW }
    public static var testLoad: dg_op { DG_OP_TEST_LOAD }
    public static var testSend: dg_op { DG_OP_TEST_SEND }
    public static var testAnswer: dg_op { DG_OP_TEST_ANSWER }
    public static var testChunk: dg_op { DG_OP_TEST_CHUNK }
    public static var testArrived: dg_op { DG_OP_TEST_ARRIVED }
    public static var testWrite: dg_op { DG_OP_TEST_WRITE }
    public static var testEnd: dg_op { DG_OP_TEST_END }
    public static var testClose: dg_op { DG_OP_TEST_CLOSE }
    public static var testLogs: dg_op { DG_OP_TEST_LOGS }
    public static var testSetClock: dg_op { DG_OP_TEST_SET_CLOCK }
    public static var ask: dg_op { DG_OP_ASK }
    public static var askedBody: dg_op { DG_OP_ASKED_BODY }
    public static var askedChunk: dg_op { DG_OP_ASKED_CHUNK }
    public static var storeGet: dg_op { DG_OP_STORE_GET }
    public static var storeSet: dg_op { DG_OP_STORE_SET }
    public static var storeDelete: dg_op { DG_OP_STORE_DELETE }
    public static var storeReplace: dg_op { DG_OP_STORE_REPLACE }
    public static var storeAdd: dg_op { DG_OP_STORE_ADD }
    public static var storeKeys: dg_op { DG_OP_STORE_KEYS }
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

    public static func number(_ value: Double) -> dg_answer {
        var answer = dg_answer(DG_NUMBER)
        answer.number = value
        return answer
    }

    /// The bytes are copied into Lua before the call, or the `resume`, that takes the answer returns.
    public static func bytes(_ buffer: UnsafeRawBufferPointer) -> dg_answer { dg_answer(DG_BYTES, buffer) }

    /// JSON, which the script gets decoded.
    public static func json(_ buffer: UnsafeRawBufferPointer) -> dg_answer { dg_answer(DG_JSON, buffer) }

    /// Strings, each behind its length in a UInt32.
    public static func list(_ buffer: UnsafeRawBufferPointer) -> dg_answer { dg_answer(DG_LIST, buffer) }

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
