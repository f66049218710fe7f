import Glibc
import TestSupport

/// The program under test, run with its output in files.
final class Process {
    private let pid: pid_t
    private let folder: String

    /// - Parameter before: what is run instead, with the program's line as the last of its own arguments.
    init(_ arguments: [String], in folder: String, before: [String] = []) throws {
        self.folder = folder
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, folder + "/out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, folder + "/err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let call = [BuiltProgram.path] + arguments
        let line: [String] = before.isEmpty ? call : before + [call.map { "'\($0)'" }.joined(separator: " ")]
        let words = line.map { strdup($0) } + [nil]
        let variables: [String] = ["PATH=/usr/bin:/bin", "HOME=" + folder]
        let settings = variables.map { strdup($0) } + [nil]
        defer { for text in words + settings { free(text) } }
        var started = pid_t()
        guard posix_spawnp(&started, line[0], &actions, nil, words, settings) == 0 else { throw FileFailure(description: "the program does not start") }
        pid = started
    }

    /// Waits for the end.
    func waited() throws -> Int32? { try waited(atMost: .seconds(120)) }

    /// Waits, and kills after so long.
    /// - Returns: the exit code; nil for a killed process.
    func waited(atMost limit: Duration) throws -> Int32? {
        let end = ContinuousClock.now + limit
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            if ContinuousClock.now >= end {
                kill(pid, SIGKILL)
                waitpid(pid, &status, 0)
                break
            }
            usleep(500)
        }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : nil
    }

    var output: String { String(decoding: bytes(of: folder + "/out"), as: UTF8.self) }
    var errors: String { String(decoding: bytes(of: folder + "/err"), as: UTF8.self) }
}
