import Fediverse
import Glibc
import LoopbackClient
import Synchronization

/// A clock that a test moves.
final class TestClock: Sendable {
    private let moment = Mutex(LiveWorld.noon)
    var now: Instant { moment.withLock { $0 } }
    func pass(_ span: Instant.Span) { moment.withLock { $0 = $0 + span } }
}

/// A port that somebody waits for until a server is there.
struct Running: Sendable {
    private let stream: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func announce(_ port: Int) {
        continuation.yield(port)
        continuation.finish()
    }

    var port: Int {
        get async {
            for await port in stream { return port }
            preconditionFailure("a port is waited for once")
        }
    }
}

/// Runs `body` while `service` runs, then ends the service. The service's own failure ends the body.
func during(_ service: @escaping @Sendable () async throws -> Void, _ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await service()
            return false
        }
        group.addTask {
            try await body()
            return true
        }
        while let isDone = try await group.next() { if isDone { break } }
        group.cancelAll()
    }
}

/// A folder that goes with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sheltie-live-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LoopbackError.failed(call: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink(path + "/" + name) }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

extension Reply {
    /// Headers that upstream and proxy may differ in: framing and the connection are each server's own.
    private static let perHop: Set<String> = ["connection", "date", "content-length", "transfer-encoding", "keep-alive"]

    /// The end-to-end headers, with every address of `authority` written as `HOST`.
    func endToEnd(_ authority: String) -> [String] {
        headers.filter { !Self.perHop.contains($0.name.lowercased()) }
            .map { "\($0.name.lowercased()): \($0.value.replacing("http://" + authority, with: "http://HOST"))" }.sorted()
    }
}
