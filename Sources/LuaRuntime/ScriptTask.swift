import CDogger

public typealias RequestView = dg_request
public typealias ScriptResponse = dg_response
public typealias ScriptBodyKind = dg_body_kind
public typealias ScriptHeader = dg_header
public typealias ScriptForward = dg_forward
public typealias ScriptUpstream = dg_upstream
public typealias ScriptPeer = dg_peer
public typealias Answer = dg_answer

/// One request inside a VM: its coroutine, and the request object that the script sees.
///
/// Fill `request`, then `start`; `resume` as often as the outcome is `.waiting`; `stream` where the body is a function; `end`
/// once, after which the value is void. On the VM's thread only.
public struct ScriptTask {
    let task: UnsafeMutablePointer<dg_task>

    public enum Outcome {
        /// Its bytes are valid until the next call on the task; a JSON body until the next call on the VM.
        case responded(ScriptResponse)
        /// Every handler returned nil. `touched`: the script read the body or set a field, so that `forward` has to pass on
        /// what it made of the request.
        case notMine(touched: Bool)
        /// The host said that it will bring an answer.
        case waiting
        /// The body's function, or the upgrade's, returned.
        case streamed
        case failed(ScriptFailure)
    }

    public init(_ task: UnsafeMutablePointer<dg_task>) { self.task = task }

    /// What the request object reads from. The bytes that it points to must stay while the task lives; see `dg_request`.
    public var request: RequestView {
        get { task.pointee.request }
        nonmutating set { task.pointee.request = newValue }
    }

    /// The host's own, given back in `HostCall.task`.
    public var owner: UnsafeMutableRawPointer? {
        get { task.pointee.owner }
        nonmutating set { task.pointee.owner = newValue }
    }

    /// The number of the handler in the chain, from 1, that was called last.
    public var position: Int { Int(task.pointee.position) }

    /// Where the function stands that answered last, as `handlers/ps.lua:12`; empty where none has.
    public var place: String { String(decoding: dg_task_place(task).buffer, as: UTF8.self) }

    /// The head's bytes have moved, and the body that came with it is gone from its place.
    public func rebase(head: UnsafeRawPointer, fields: UnsafeRawPointer?) {
        task.pointee.request.head = head.assumingMemoryBound(to: CChar.self)
        task.pointee.request.fields = fields?.assumingMemoryBound(to: dg_field.self)
        task.pointee.request.body_is_here = false
        task.pointee.request.body = dg_bytes()
    }

    public func start() -> Outcome { outcome { dg_task_start(task, &$0) } }

    /// - Parameter answer: what the script waited for.
    public func resume(_ answer: Answer) -> Outcome {
        var answer = answer
        return outcome { dg_task_resume(task, &answer, &$0) }
    }

    /// Runs the function of the response at hand.
    public func stream() -> Outcome { outcome { dg_task_stream(task, &$0) } }

    /// After `.notMine`: forwards the request as the script left it.
    public func forward() -> Outcome { outcome { dg_task_forward(task, &$0) } }

    /// Gives the coroutine back. One that still waits is closed: its `<close>` variables run.
    public func end() { dg_task_end(task) }

    @inline(__always)
    private func outcome(_ call: (inout dg_outcome) -> Void) -> Outcome {
        var outcome = dg_outcome()
        call(&outcome)
        switch outcome.state {
        case DG_RESPONDED: return .responded(outcome.response)
        case DG_NOT_MINE: return .notMine(touched: outcome.touched)
        case DG_WAITING: return .waiting
        case DG_STREAMED: return .streamed
        default: return .failed(ScriptFailure(outcome.failure))
        }
    }
}

extension dg_body_kind {
    public static var none: dg_body_kind { DG_NO_BODY }
    public static var bytes: dg_body_kind { DG_BODY_BYTES }
    public static var function: dg_body_kind { DG_BODY_FUNCTION }
    public static var upgrade: dg_body_kind { DG_BODY_UPGRADE }
    public static var upstream: dg_body_kind { DG_BODY_UPSTREAM }
}

public typealias ScriptSlice = dg_slice
public typealias ScriptField = dg_field
