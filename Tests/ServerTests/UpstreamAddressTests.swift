import Glibc
import TestSupport
import Testing

@testable import Server

@Suite struct UpstreamAddressTests {
    @Test(arguments: [
        ("unix:///var/run/docker.sock", UpstreamAddress.unix(path: "/var/run/docker.sock")),
        ("unix:/a", .unix(path: "/a")),
        ("unix:a", .unix(path: "a")),
        ("unix://a", .unix(path: "a")),
        ("UNIX:///a", .unix(path: "/a")),
        ("/var/run/docker.sock", .unix(path: "/var/run/docker.sock")),
        ("./d.sock", .unix(path: "./d.sock")),
        ("../d.sock", .unix(path: "../d.sock")),
        ("/a:b", .unix(path: "/a:b")),
        ("tcp://127.0.0.1:2376", .tcp(host: "127.0.0.1", port: 2376)),
        ("tcp://host", .tcp(host: "host", port: 2375)),
        ("tcp://host:1/", .tcp(host: "host", port: 1)),
        ("http://host", .tcp(host: "host", port: 80)),
        ("http://host:8080", .tcp(host: "host", port: 8080)),
        ("tcp://[::1]:2375", .tcp(host: "::1", port: 2375)),
        ("tcp://[::1]", .tcp(host: "::1", port: 2375)),
    ])
    func isRead(_ text: String, _ address: UpstreamAddress) throws {
        #expect(try UpstreamAddress.parse(text) == address)
    }

    @Test(arguments: [
        ("", UpstreamAddressError.empty),
        ("docker.sock", .unclear("docker.sock")),
        ("host:80", .unclear("host:80")),
        ("ftp://host", .unclear("ftp://host")),
        ("tcp:host:80", .unclear("tcp:host:80")),
        ("https://host", .unsupportedScheme("https://host", scheme: "https")),
        ("ssh://host", .unsupportedScheme("ssh://host", scheme: "ssh")),
        ("npipe:////./pipe/docker", .unsupportedScheme("npipe:////./pipe/docker", scheme: "npipe")),
        ("fd://", .unsupportedScheme("fd://", scheme: "fd")),
        ("unix://", .noPath("unix://")),
        ("unix:", .noPath("unix:")),
        ("/a\0b", .pathHasNull),
        ("tcp://host:80/path", .hasPath("tcp://host:80/path")),
        ("tcp://host?x", .hasPath("tcp://host?x")),
        ("tcp://user@host", .hasUser("tcp://user@host")),
        ("tcp://", .malformedHost("tcp://")),
        ("tcp://:80", .malformedHost("tcp://:80")),
        ("tcp://a b:80", .malformedHost("tcp://a b:80")),
        ("tcp://[::1", .malformedHost("tcp://[::1")),
        ("tcp://[::1]x", .malformedHost("tcp://[::1]x")),
        ("tcp://::1:80", .bareIPv6("tcp://::1:80")),
        ("tcp://host:", .malformedPort("tcp://host:")),
        ("tcp://host:0", .malformedPort("tcp://host:0")),
        ("tcp://host:65536", .malformedPort("tcp://host:65536")),
        ("tcp://host:+80", .malformedPort("tcp://host:+80")),
        ("tcp://host:8o", .malformedPort("tcp://host:8o")),
    ])
    func isRefused(_ text: String, _ error: UpstreamAddressError) {
        #expect(throws: error) { try UpstreamAddress.parse(text) }
        #expect(!error.description.isEmpty)
    }

    @Test func aPathIsAsLongAsTheKernelTakes() throws {
        let longest = "/" + String(repeating: "x", count: 106)
        #expect(try UpstreamAddress.parse(longest) == .unix(path: longest))
        #expect(throws: UpstreamAddressError.pathTooLong(longest + "y")) { try UpstreamAddress.parse(longest + "y") }
    }

    @Test func isDescribedAsItIsRead() throws {
        for text in ["unix:///a/b", "tcp://host:1", "tcp://[::1]:2"] {
            #expect(try UpstreamAddress.parse(text).description == text)
        }
    }

    @Test func theLoopOfAServerThatIsItsOwnUpstreamIsSeen() throws {
        let directory = TemporaryDirectory()
        let listener = try Listener.unix(path: "\(directory.path)/s")
        #expect(UpstreamAddress.unix(path: "\(directory.path)/s").isSame(as: listener))
        #expect(UpstreamAddress.unix(path: "\(directory.path)/./s").isSame(as: listener))
        #expect(!UpstreamAddress.unix(path: "\(directory.path)/t").isSame(as: listener))
        #expect(!UpstreamAddress.tcp(host: "127.0.0.1", port: 1).isSame(as: listener))
        let other = try Listener.tcp(host: "127.0.0.1", port: 0)
        guard case .tcp(_, let port) = other.address else { return }
        #expect(UpstreamAddress.tcp(host: "127.0.0.1", port: port).isSame(as: other))
        #expect(UpstreamAddress.tcp(host: "localhost", port: port).isSame(as: other))
        #expect(UpstreamAddress.tcp(host: "0.0.0.0", port: port).isSame(as: other))
        #expect(!UpstreamAddress.tcp(host: "127.0.0.1", port: port ^ 1).isSame(as: other))
        // Another server may listen there.
        #expect(!UpstreamAddress.tcp(host: "127.0.0.2", port: port).isSame(as: other))
        #expect(!UpstreamAddress.tcp(host: "::1", port: port).isSame(as: other))
        #expect(!UpstreamAddress.tcp(host: "no-such-host.invalid", port: port).isSame(as: other))
    }

    @Test func aServerAtAllAddressesIsReachedAtEachOfThisMachine() throws {
        let listener = try Listener.tcp(host: "0.0.0.0", port: 0)
        guard case .tcp(_, let port) = listener.address else { return }
        for host in ["127.0.0.1", "127.0.0.2", "0.0.0.0"] + Self.interfaceAddresses() {
            #expect(UpstreamAddress.tcp(host: host, port: port).isSame(as: listener), "\(host)")
        }
        // Of a block that is for documentation, RFC 5737.
        #expect(!UpstreamAddress.tcp(host: "192.0.2.1", port: port).isSame(as: listener))
        #expect(!UpstreamAddress.tcp(host: "::1", port: port).isSame(as: listener))
    }

    /// The IPv4 addresses of this machine's interfaces.
    private static func interfaceAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var result: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr, Int32(address.pointee.sa_family) == AF_INET else { continue }
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            result.append(String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return result
    }
}
