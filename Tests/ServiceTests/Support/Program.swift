import Dispatch
import Glibc
import Synchronization
import TestSupport

/// A process of the program under test, with nothing of ours but the arguments, an input and three pipes.
///
/// Its output is read all the time, and every wait is bounded.
final class Program: Sendable {
    struct Ending: Sendable, Equatable {
        /// nil when a signal ended it.
        var code: Int32?
        var signal: Int32?
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let pid: pid_t
    private let state = Mutex(State())

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var openPipes = 2
        var status: Int32?
        /// Whether its number may belong to another process by now.
        var isReaped = false
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0

        /// Known when it has ended and all it had to say was read.
        var ending: Ending? {
            guard openPipes == 0, let status else { return nil }
            let signal = status & 0x7f
            return signal == 0 ? Ending(code: (status >> 8) & 0xff) : Ending(signal: signal)
        }
    }

    private struct Waiter {
        let isMet: @Sendable (borrowing State) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// - Parameters:
    ///   - folder: where it starts.
    ///   - before: what is run instead, with the program and its arguments as the last of its own arguments.
    init(_ arguments: [String], input: String = "", environment: [String: String] = [:], folder: String, before: [String] = []) throws {
        let words = ["/usr/bin/env", "-C", folder] + before + [BuiltProgram.path] + arguments
        // A clean environment: what the tests themselves are told must not reach the program.
        let variables = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(folder)"] + environment.map { "\($0)=\($1)" }
        var pipes: [(read: Int32, write: Int32)] = []
        for _ in 0..<3 {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
            pipes.append((ends[0], ends[1]))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipes[0].read, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[2].write, 2)
        // Neither the tests' own connections nor the pipes of another program; one that is closed meanwhile is no error.
        for open in names(in: "/proc/self/fd").compactMap({ Int32($0) }) where open > 2 { posix_spawn_file_actions_addclose(&actions, open) }
        var started: pid_t = 0
        let code = withTexts(words) { argv in
            withTexts(variables) { envp in posix_spawn(&started, words[0], &actions, nil, argv, envp) }
        }
        for end in [pipes[0].read, pipes[1].write, pipes[2].write] { close(end) }
        guard code == 0 else {
            for end in [pipes[0].write, pipes[1].read, pipes[2].read] { close(end) }
            throw Failure(description: "\(words[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        pid = started
        let text = Array(input.utf8)
        _ = text.withUnsafeBytes { write(pipes[0].write, $0.baseAddress, $0.count) }
        close(pipes[0].write)
        read(pipes[1].read) { $0.output += $1 }
        read(pipes[2].read) { $0.errors += $1 }
        awaitEnd()
    }

    deinit { if !state.withLock(\.isReaped) { Glibc.kill(pid, SIGKILL) } }

    var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
    var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }
    /// Of standard error, where the log goes.
    var lines: [Substring] { errors.split(separator: "\n") }

    func send(_ signal: Int32) {
        state.withLock { state in if !state.isReaped { _ = Glibc.kill(pid, signal) } }
    }

    /// Does not let it outlive a body that throws: its pipes keep it, and it would go on serving.
    func lending<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        do { return try await body(self) } catch {
            send(SIGKILL)
            throw error
        }
    }

    /// Waits for its end.
    func ended(within patience: Duration = .seconds(120)) async throws -> Ending {
        try await wait(patience, "end") { $0.ending != nil }
        guard let ending = state.withLock({ $0.ending }) else { throw Failure(description: "a program without an end") }
        return ending
    }

    /// Waits for `READY http://127.0.0.1:PORT` on standard error.
    func port(within patience: Duration = .seconds(120)) async throws -> Int {
        try await wait(patience, "become ready") { state in state.status != nil || Self.port(in: state.errors) != nil }
        guard let port = state.withLock({ Self.port(in: $0.errors) }) else {
            throw Failure(description: "the program ended instead of becoming ready: \(errors)")
        }
        return port
    }

    private static func port(in bytes: [UInt8]) -> Int? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let found = text.firstRange(of: "READY http://127.0.0.1:"), let end = text[found.upperBound...].firstIndex(of: "\n") else { return nil }
        return Int(text[found.upperBound..<end])
    }

    private func wait(_ patience: Duration, _ what: String, until isMet: @escaping @Sendable (borrowing State) -> Bool) async throws {
        let isInTime = await withCheckedContinuation { continuation in
            let waiter: Int? = state.withLock { state in
                if isMet(state) { return nil }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = Waiter(isMet: isMet, continuation: continuation)
                return state.nextWaiter
            }
            guard let waiter else { return continuation.resume(returning: true) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(patience.components.seconds))) { [self] in
                state.withLock { $0.waiters.removeValue(forKey: waiter) }?.continuation.resume(returning: false)
            }
        }
        guard isInTime else {
            send(SIGKILL)
            throw Failure(description: "the program did not \(what) in time; it said: \(errors.suffix(2_000))")
        }
    }

    private func change(_ body: @Sendable (inout State) -> Void) {
        let met = state.withLock { state in
            body(&state)
            let met = state.waiters.filter { $0.value.isMet(state) }
            for number in met.keys { state.waiters[number] = nil }
            return met.values.map(\.continuation)
        }
        for continuation in met { continuation.resume(returning: true) }
    }

    private func read(_ descriptor: Int32, into take: @escaping @Sendable (inout State, [UInt8]) -> Void) {
        DispatchQueue(label: "program.pipe").async { [self] in
            var part = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Glibc.read(descriptor, &part, part.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                let bytes = Array(part[..<count])
                change { take(&$0, bytes) }
            }
            close(descriptor)
            change { $0.openPipes -= 1 }
        }
    }

    private func awaitEnd() {
        DispatchQueue(label: "program.end").async { [self] in
            var info = siginfo_t()
            // It is left unreaped first: until then no other process can have its number.
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            change { [pid] state in
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                state.isReaped = true
                state.status = status
            }
        }
    }
}

/// Lends C an array of texts with NULL at its end.
private func withTexts<Result>(_ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
    var copies: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    copies.append(nil)
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with NULL at its end is not empty") }
        return body(base)
    }
}
