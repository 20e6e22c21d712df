import CDogger

/// One Lua VM: a loaded version of the handlers, with its memory, its libraries and a pool of coroutines.
///
/// Belongs to the thread that makes it. All the work is in C (`CDogger`), where a Lua error can't cross a Swift frame.
public final class VirtualMachine {
    let vm: OpaquePointer
    private let modules: BuiltInModules
    private let coverage: Coverage?

    /// - Parameters:
    ///   - modules: the Lua half of the API.
    ///   - version: what `dogger.version` says.
    ///   - hasUpstream: what no handler answers is forwarded.
    ///   - hasClock: the host tells the time.
    ///   - runsTests: what is loaded after the first text are tests, which may require dogger.test.
    ///   - coverage: counts the lines that run.
    ///   - host: not retained; it must outlive the VM.
    /// - Throws: where the memory limit is too small for Lua's own libraries.
    public init(
        limits: Limits, modules: BuiltInModules, version: StaticString, hasUpstream: Bool = false, hasClock: Bool = false, runsTests: Bool = false, coverage: Coverage? = nil,
        host: any ScriptHost
    ) throws(ScriptFailure) {
        self.modules = modules
        self.coverage = coverage
        // The box is one pointer wide, so that C can carry the existential; it lives as long as the VM.
        box = HostBox(host: host)
        var options = dg_options(
            memory_limit: limits.memory, script_timeout: limits.scriptTimeout,
            version: dg_bytes(UnsafeRawBufferPointer(start: version.utf8Start, count: version.utf8CodeUnitCount)),
            modules: modules.list.baseAddress, module_count: modules.list.count,
            host: dg_host(context: Unmanaged.passUnretained(box).toOpaque()) { context, call in
                // C hands back the context that it was given above.
                Unmanaged<HostBox>.fromOpaque(context!).takeUnretainedValue().host.answer(&call.pointee)
            },
            has_upstream: hasUpstream, has_clock: hasClock, runs_tests: runsTests, coverage: coverage?.counts)
        guard let vm = dg_vm_new(&options) else {
            throw ScriptFailure(status: 503, message: "there is no memory for a Lua VM: raise --memory-limit")
        }
        self.vm = vm
    }

    private let box: HostBox

    private final class HostBox {
        unowned(unsafe) let host: any ScriptHost    // see init: the host outlives the VM
        init(host: any ScriptHost) { self.host = host }
    }

    deinit { dg_vm_close(vm) }

    /// Runs a handler file and adds what it returns to the end of the chain.
    /// - Parameters:
    ///   - name: how errors call the file.
    ///   - text: its bytes: Lua text, not bytecode.
    public func load(name: String, text: UnsafeRawBufferPointer) throws(ScriptFailure) {
        var failure = dg_failure()
        guard dg_vm_load(vm, name, dg_bytes(text), &failure) else { throw ScriptFailure(failure) }
    }

    /// Bytes that the VM holds.
    public var memory: Int { dg_vm_memory(vm) }

    /// A task for one request, from the pool. Nil where the machine has no memory.
    public func takeTask() -> ScriptTask? { dg_task_take(vm).map(ScriptTask.init) }
}
