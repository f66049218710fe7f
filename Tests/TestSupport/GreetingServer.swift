import Dispatch
import Glibc

/// A server that greets as one of the given version and hangs up at the first question.
///
/// Source: postgresql.org, "Frontend/Backend Protocol", "Message Formats".
public final class GreetingServer: Sendable {
    public let port: UInt16
    private let listener: Int32

    public init(version: String) throws {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return bind(opened, start, length) == 0 && listen(opened, 8) == 0 ? getsockname(opened, start, &length) : -1
        }
        guard code == 0 else { throw FileFailure(description: "no port") }
        listener = opened
        port = UInt16(bigEndian: address.sin_port)
        func message(_ kind: String, _ body: [UInt8]) -> [UInt8] {
            Array(kind.utf8) + withUnsafeBytes(of: UInt32(body.count + 4).bigEndian) { Array($0) } + body
        }
        func parameter(_ name: String, _ value: String) -> [UInt8] { message("S", Array("\(name)\0\(value)\0".utf8)) }
        let greeting = message("R", [0, 0, 0, 0]) + parameter("server_version", version) + parameter("server_encoding", "UTF8")
            + message("K", [0, 0, 0, 1, 0, 0, 0, 1]) + message("Z", Array("I".utf8))
        DispatchQueue(label: "greeting").async {
            while case let client = accept(opened, nil, nil), client >= 0 {
                var asked = [UInt8](repeating: 0, count: 1024)
                if read(client, &asked, asked.count) > 0 {
                    _ = write(client, greeting, greeting.count)
                    _ = read(client, &asked, asked.count)
                }
                close(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
