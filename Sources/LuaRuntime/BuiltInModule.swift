import CDogger

/// Modules that `require` finds without a file: their texts are part of the binary. Immutable once made.
public final class BuiltInModules: Sendable {
    // Written in init only, and never freed while the object lives: reading it from any thread is safe.
    nonisolated(unsafe) let list: UnsafeMutableBufferPointer<dg_module>

    /// - Parameter modules: each one's name, as `require` takes it, and its Lua text.
    public init(_ modules: [(name: StaticString, text: [UInt8])]) {
        list = .allocate(capacity: modules.count)
        for (index, module) in modules.enumerated() {
            let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: module.text.count)
            _ = text.initialize(from: module.text)
            let name = UnsafeRawPointer(module.name.utf8Start).assumingMemoryBound(to: CChar.self)
            list.initializeElement(at: index, to: dg_module(name: name, text: dg_bytes(UnsafeRawBufferPointer(text))))
        }
    }

    deinit {
        for module in list { UnsafeRawPointer(module.text.start)?.deallocate() }
        list.deallocate()
    }
}
