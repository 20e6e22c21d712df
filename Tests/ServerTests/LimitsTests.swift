import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Server

/// What happens to a whole process: descriptors, memory. Each in a process of its own.
@Suite struct LimitsTests {
    /// The open descriptors of this process.
    static func descriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(directory) }
        // Without `.`, `..` and the directory itself.
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return count
    }

    private static func setLimit(_ count: UInt64) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = rlim_t(count)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    @Test func withoutDescriptorsItWaitsAndGoesOn() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer { $0.answer(200, [], "x") }
            server.settle()
            // All are taken, whatever numbers they have; then an odd number is free: both ends of each connection are this
            // process's, and the last end that there is no room for is the server's.
            LimitsTests.setLimit(256)
            var taken: [Int32] = []
            while case let descriptor = dup(0), descriptor >= 0 { taken.append(descriptor) }
            for descriptor in taken.suffix(41) { close(descriptor) }
            var clients: [Client] = []
            for _ in 0..<21 {
                clients.append(try Client(path: server.path))
                server.settle()
            }
            #expect(throws: SystemError.self) { try Client(path: server.path) }
            #expect(server.onLoop { $0.connectionCount } == 20)
            // The last one waits in the queue, and the loop does not look at the queue all the time.
            server.wait(until: { $0.acceptorsArePaused })
            // Whoever goes makes room for another.
            for client in clients {
                client.send(request("GET /", "Connection: close\r\n"))
                #expect(try client.readResponse().body == "x")
                client.close()
            }
            server.awaitNoConnections()
        }
    }

    @Test func theLimitIsRaisedToTheHardOne() async {
        await #expect(processExitsWith: .success) {
            LimitsTests.setLimit(64)
            var limit = rlimit()
            let raised = Descriptor.raiseLimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(limit.rlim_cur == limit.rlim_max)
            #expect(raised == UInt64(limit.rlim_max))
            #expect(raised > 64)
        }
    }

    @Test(.enabled(if: Sanitizer.current == nil, "it measures memory, most of which is the sanitizer's")) func idleConnectionsCostLittle() async {
        await #expect(processExitsWith: .success) {
            Descriptor.raiseLimit()
            let server = try TestServer { $0.answer(200, [], "x") }
            let count = 2000
            var clients: [Client] = []
            clients.reserveCapacity(2 * count)
            func add() throws {
                for _ in 0..<count { clients.append(try server.connect()) }
                for client in clients.suffix(count) { client.send(request("GET /")) }
                for client in clients.suffix(count) { _ = try client.readResponse() }
            }
            // The first ones warm up what is shared.
            try add()
            server.settle()
            let before = LimitsTests.residentBytes()
            try add()
            server.settle()
            let after = LimitsTests.residentBytes()
            #expect(server.onLoop { $0.connectionCount } == 2 * count)
            // The clients' own objects are in it as well.
            let each = (after - before) / count
            #expect(each < 1024, "\(each) bytes each")
        }
    }

    /// The second number of statm, in pages, proc(5).
    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (Int(text.split(separator: " ")[1]) ?? 0) * Int(getpagesize())
    }

    @Test func nothingIsLeftOpen() async {
        await #expect(processExitsWith: .success) {
            func round() throws {
                let server = try TestServer { exchange in
                    switch exchange.id % 3 {
                    case 0: exchange.answer(200, [], "x")
                    case 1: exchange.begin()
                    default: _ = exchange.upgrade()
                    }
                }
                let clients = try (0..<30).map { _ in try server.connect() }
                for client in clients.prefix(25) { client.send(request("GET /")) }
                for client in clients.prefix(25) { _ = try client.readHead() }
                for client in clients.prefix(10) { client.close() }
                server.stop()
            }
            try round()
            let before = LimitsTests.descriptors()
            for _ in 0..<5 { try round() }
            #expect(LimitsTests.descriptors() == before)
        }
    }
}

extension Server {
    var acceptorsArePaused: Bool { acceptors.allSatisfy(\.isPaused) }
}
