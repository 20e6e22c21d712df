import Glibc

/// What is set on each TCP connection, a client's or an upstream's.
enum TCPOptions {
    static func set(on descriptor: Int32) {
        // Small writes leave at once.
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // A machine that went away says nothing, and streams have no deadline: two minutes without a sign of life. A client that
        // has closed a quiet raw stream looks like one that has half-closed until its kernel has forgotten the connection, which
        // is after a minute, and then this has it say so. See decision 014.
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
