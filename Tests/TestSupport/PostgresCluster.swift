import Dispatch
import Glibc

/// A PostgreSQL server of one test's own, which it may stop and start (scripts/lib/postgres_cluster.py); it goes with its value.
public final class PostgresCluster: Sendable {
    /// Where its socket is, and its certificates where it serves TLS.
    public let folder: String
    public let port: Int
    private let process: pid_t
    private let orders: Int32
    private let answers: Int32
    private let queue = DispatchQueue(label: "cluster")

    /// - Parameter arguments: what the script takes after `--lend`: `--tls`, `--bare`, `--small=BYTES`, `NAME=VALUE`.
    public init(_ arguments: String...) throws {
        let script = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/scripts/lib/postgres_cluster.py"
        var input: [Int32] = [0, 0], output: [Int32] = [0, 0]
        guard pipe(&input) == 0, pipe(&output) == 0 else { throw FileFailure(description: "no pipe") }
        // A program that another test starts must not hold them open.
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        var words = (["/usr/bin/python3", script, "--lend"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var started: pid_t = 0
        let code = posix_spawn(&started, "/usr/bin/python3", &actions, nil, &words, environ)
        close(input[0])
        close(output[1])
        (process, orders, answers) = (started, input[1], output[0])
        let ready = code == 0 ? Self.line(from: output[0]).split(separator: " ") : []
        guard ready.count == 3, ready[0] == "READY", let port = Int(ready[2]) else { throw FileFailure(description: "no PostgreSQL server") }
        (folder, self.port) = (String(ready[1]), port)
    }

    deinit {
        // The end of its input is the order to stop and tidy up.
        close(orders)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        close(answers)
    }

    /// Ends the server at once, as a crash would; every session is cut.
    public func stop() async throws { try await order("stop") }
    /// Comes back when it takes connections.
    public func start() async throws { try await order("start") }
    /// From the next start on.
    public func set(_ name: String, _ value: String) async throws { try await order("set \(name) \(value)") }

    /// - Parameter options: such as `application_name=x`.
    public func address(user: String = "postgres", database: String = "postgres", host: String = "127.0.0.1", _ options: String...) -> String {
        "postgresql://\(user)@\(host):\(port)/\(database)" + (options.isEmpty ? "" : "?" + options.joined(separator: "&"))
    }

    private func order(_ words: String) async throws {
        let answer = await withCheckedContinuation { continuation in
            queue.async { [orders, answers] in
                let text = Array((words + "\n").utf8)
                _ = text.withUnsafeBytes { write(orders, $0.baseAddress, $0.count) }
                continuation.resume(returning: Self.line(from: answers))
            }
        }
        guard answer == "done" else { throw FileFailure(description: "the PostgreSQL server did not \(words)") }
    }

    private static func line(from descriptor: Int32) -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }
}
