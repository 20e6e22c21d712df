import HTTP
import LuaRuntime
import Store

/// require "dogger.store": what its C half asks for, answered by the store that all versions share.
extension Handler {
    /// While a file is waited for, nobody is served: so that counts as the script's own time.
    func answerStore(_ call: inout HostCall) {
        if store.isFile { chargingForWaits { askStore(&call) } } else { askStore(&call) }
    }

    private func askStore(_ call: inout HostCall) {
        let key = call.text.buffer
        let values = call.store?.pointee ?? ScriptStoreCall()
        do throws(StoreError) {
            switch call.op {
            case .storeSet:
                // Its C half refuses to store nothing.
                try store.set(key, StoredValue(values.value)!, lifetime: call.number > 0 ? call.number : nil)
            case .storeDelete: call.answer = try store.delete(key) ? .yes : .none
            case .storeReplace:
                let isDone = try store.replace(key, StoredValue(values.expected), with: StoredValue(values.value))
                call.answer = isDone ? .yes : .none
            case .storeAdd:
                let sum = try store.add(values.number, to: key)
                answerBytes.reset()
                answerBytes.append(String(sum))
                call.answer = .json(answerBytes.readable)
            case .storeKeys:
                answerBytes.reset()
                try store.keys(key) { answerBytes.append(listed: $0) }
                call.answer = .list(answerBytes.readable)
            default:
                var isJSON = false
                let isThere = try store.get(key) { [answerBytes] value in
                    answerBytes.reset()
                    switch value {
                    case .json(let bytes):
                        isJSON = true
                        answerBytes.append(bytes)
                    case .string(let bytes): answerBytes.append(bytes)
                    case .integer: break    // the store gives none
                    }
                }
                call.answer = !isThere ? .none : isJSON ? .json(answerBytes.readable) : .bytes(answerBytes.readable)
            }
        } catch {
            _ = fail(&call, error.message)
        }
    }
}

extension StoredValue {
    /// Nil: none.
    init?(_ value: ScriptStoreValue) {
        guard value.bytes.start != nil else { return nil }
        self = value.is_json ? .json(value.bytes.buffer) : .string(value.bytes.buffer)
    }
}

extension ByteBuffer {
    /// Adds an element of a `dg_answer` list: its length, and its bytes.
    fileprivate func append(listed bytes: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(bytes.count)) { append($0) }
        append(bytes)
    }
}
