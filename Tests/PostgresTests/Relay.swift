import Database
import Glibc
import Postgres
import Synchronization
import TestSupport

/// A port that leads to the tests' server, and can fall silent as a network does.
final class Relay: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var isDeaf = false
        /// Pairs of sockets by their number: silenced ones stay open, and nothing passes any more.
        var silenced: Set<Int> = []
        var pairs = 0
        var isOver = false
    }

    init() throws {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(opened, $0, length) == 0 && listen(opened, 16) == 0 ? getsockname(opened, $0, &length) : -1
            }
        }
        guard code == 0 else { throw DatabaseError.cannotOpen(reason: "no port") }
        listener = opened
        port = UInt16(bigEndian: address.sin_port)
        NamedThread.start("relay") { [weak self] in
            while case let client = accept(opened, nil, nil), client >= 0 { self?.serve(client) ?? { _ = close(client) }() }
            close(opened)
        }
    }

    deinit {
        state.withLock { $0.isOver = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// The same database through this port.
    func settings(_ settings: PostgresSettings) -> PostgresSettings {
        let query = settings.url.split(separator: "?", maxSplits: 1)[1].split(separator: "&").filter { !$0.hasPrefix("host=") }.joined(separator: "&")
        return settings.with { $0.url = "postgresql://postgres@127.0.0.1:\(port)/postgres?\(query)&gssencmode=disable&sslmode=disable" }
    }

    /// While it is set, whoever comes is let in and never answered.
    var isDeaf: Bool {
        get { state.withLock(\.isDeaf) }
        set { state.withLock { $0.isDeaf = newValue } }
    }

    /// From now on nothing passes on the connections that are open; new ones are served.
    func silence() { state.withLock { $0.silenced.formUnion(0..<$0.pairs) } }

    private func serve(_ client: Int32) {
        let number = state.withLock { state -> Int? in
            if state.isDeaf { return nil }
            state.pairs += 1
            return state.pairs - 1
        }
        guard let number, let server = Self.server() else { return }
        for (from, to) in [(client, server), (server, client)] {
            NamedThread.start("relay-way") { [weak self] in
                var part = [UInt8](repeating: 0, count: 1 << 14)
                while case let count = read(from, &part, part.count), count > 0 {
                    if self?.state.withLock({ $0.silenced.contains(number) }) != false { continue }
                    guard write(to, part, count) == count else { break }
                }
                shutdown(to, Int32(SHUT_RDWR))
            }
        }
    }

    /// The server's socket, as its address says.
    private static func server() -> Int32? {
        guard let address = PostgresServer.address, let folder = address.split(separator: "host=").last else { return nil }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let path = Array("\(folder)/.s.PGSQL.5432".utf8)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path) }
        let opened = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let code = withUnsafePointer(to: name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(opened, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return code == 0 ? opened : nil
    }
}
