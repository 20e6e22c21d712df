import CDogger
import EventLoop
import Glibc

/// Making the connection.
extension UpstreamConnection {
    /// connect(2) does not wait for room in the queue of a Unix socket: it says EAGAIN, and one has to ask again.
    private static let queueWait: UInt64 = 5_000_000

    /// Begins; `open()` is called when the connection is there, or `fail`.
    func connect() {
        if let dial = upstream.dial {
            descriptor = dial()
            if descriptor >= 0 { opened() } else { failConnecting(errno) }
            return
        }
        let deadline = EventLoop.clock() &+ upstream.options.connectTimeout
        switch upstream.address {
        case .unix(let path):
            connectUnix(path, deadline)
        case .tcp:
            timer = upstream.loop.schedule(after: upstream.options.connectTimeout) {
                self.failConnecting(ETIMEDOUT)
            }
            upstream.resolver.resolve { result in
                guard self.phase == .connecting else { return }
                switch result {
                case .success(let addresses):
                    self.candidates = UpstreamCandidates(addresses)
                    self.connectNext()
                case .failure(let failure): self.fail(failure)
                }
            }
        }
    }

    private func connectUnix(_ path: String, _ deadline: UInt64) {
        guard path.utf8.count <= UnixSocketFile.longestPath else { return failConnecting(ENAMETOOLONG) }
        guard descriptor >= 0 || openDescriptor(AF_UNIX) else { return }
        if withSocketAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 {
            opened()
        } else if errno == EAGAIN || errno == EINTR, EventLoop.clock() < deadline {
            timer = upstream.loop.schedule(after: UpstreamConnection.queueWait) {
                guard self.phase == .connecting else { return }
                self.connectUnix(path, deadline)
            }
        } else {
            failConnecting(errno == EAGAIN ? ETIMEDOUT : errno)
        }
    }

    /// Tries the next of a TCP upstream's addresses.
    private func connectNext() {
        guard let address = candidates.next() else { return failConnecting(candidates.lastCode) }
        stopWatching()
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        guard openDescriptor(address.family) else { return }
        TCPOptions.set(on: descriptor)
        let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        if result == 0 {
            opened()
        } else if errno == EINPROGRESS {
            do throws(SystemError) { try watch(.writable) } catch { fail(.noConnection(upstream.address, error)) }
        } else {
            candidates.lastCode = errno
            connectNext()
        }
    }

    /// The socket is writable, or failed.
    func finishConnecting() {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 { code = errno }
        if code == 0 {
            opened()
        } else {
            candidates.lastCode = code
            connectNext()
        }
    }

    private func opened() {
        timer?.cancel()
        timer = nil
        candidates.release()
        output.isHeld = false
        do throws(SystemError) {
            try watch(.readable)
            open()
        } catch {
            fail(.noConnection(upstream.address, error))
        }
    }

    private func failConnecting(_ code: Int32) {
        guard phase == .connecting else { return }
        fail(.connecting(to: upstream.address, code))
    }

    private func openDescriptor(_ family: Int32) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(family, type, 0)
        guard descriptor >= 0 else {
            failConnecting(errno)
            return false
        }
        if var size = upstream.options.sendBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        return true
    }
}
