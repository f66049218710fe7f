import Glibc

/// Several PostgreSQL servers of a test's own, by scripts/lib/postgres_cluster.py: a primary and its standbys.
///
/// They end with it, and with the process that holds it.
public final class PostgresMachines {
    private let input: Int32
    private let output: Int32
    private let pid: pid_t
    /// The folder of each server, where its socket is.
    private var folders: [String: String] = [:]

    public init() throws {
        let script = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/scripts/lib/postgres_cluster.py"
        var ends: [[Int32]] = [[0, 0], [0, 0]]
        for index in ends.indices {
            guard pipe(&ends[index]) == 0 else { throw FileFailure(description: "no pipe") }
            // Another program of the tests must not hold the input open.
            for end in ends[index] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1)
        let words = ["/usr/bin/env", "python3", script, "--control"]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var started: pid_t = 0
        let code = posix_spawn(&started, "/usr/bin/env", &actions, nil, &arguments, environ)
        close(ends[0][0])
        close(ends[1][1])
        (input, output, pid) = (ends[0][1], ends[1][0], started)
        guard code == 0 else { throw FileFailure(description: "python3 cannot be started") }
    }

    deinit {
        close(input)
        close(output)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// - Parameter settings: as `synchronous_standby_names=b`.
    public func primary(_ name: String, _ settings: String...) throws { try tell(["primary", name] + settings) }
    public func standby(_ name: String, of primary: String) throws { try tell(["standby", name, primary]) }
    public func start(_ name: String) throws { try tell(["start", name]) }
    /// At once, as a crash would: what it has not yet written to the disk is gone.
    public func stop(_ name: String) throws { try tell(["stop", name]) }
    /// Makes a standby the primary; comes back when it takes writes.
    public func promote(_ name: String) throws { try tell(["promote", name]) }

    /// An address that is one or several of them.
    public func address(_ names: String..., database: String = "postgres", options: String...) -> String {
        let hosts = names.map { folders[$0] ?? "/nowhere" }.joined(separator: ",")
        return (["postgresql://postgres@/\(database)?host=\(hosts)"] + options).joined(separator: "&")
    }

    private func tell(_ words: [String]) throws {
        let line = Array((words.joined(separator: " ") + "\n").utf8)
        guard write(input, line, line.count) == line.count else { throw FileFailure(description: "the servers' keeper is gone") }
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != 0x0A { answer.append(byte) }
        let text = String(decoding: answer, as: UTF8.self)
        guard text.hasPrefix("ok ") else { throw FileFailure(description: "\(words): \(text)") }
        folders[words[1]] = String(text.dropFirst(3))
    }
}
