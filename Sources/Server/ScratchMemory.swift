/// What many connections receive into, one after the other. The kernel gives pages only as far as they are used.
final class ScratchMemory {
    /// The part to receive into.
    let bytes: UnsafeMutableRawBufferPointer
    private let whole: UnsafeMutableRawBufferPointer
    // Whoever uses it gives it back before it goes.
    private unowned(unsafe) var user: SocketInput?

    /// A large message lies at the start of its pages in the kernel, and a processor copies it half as fast to where the low bits
    /// of the address are the same (seen on AMD's): so this begins a little behind the start of a page.
    private static var offset: Int { 512 }

    /// - Parameter count: how many bytes.
    init(count: Int) {
        whole = .allocate(byteCount: count + Self.offset, alignment: 4096)
        bytes = UnsafeMutableRawBufferPointer(rebasing: whole[Self.offset...])
    }

    deinit { whole.deallocate() }

    /// Has a user to itself, until `giveBack`. Whoever had it before stores what is left there.
    func take(_ newUser: SocketInput) {
        if let user, user !== newUser { user.store() }
        user = newUser
    }

    /// The user has nothing there any more.
    func giveBack(_ former: SocketInput) {
        if user === former { user = nil }
    }
}
