import Database
@testable import SQLite
import TestSupport

extension SQLitePool {
    var waiting: Int { line.withLock { $0.state.waiting } }

    /// Comes back when so many jobs are in line.
    func until(waiting count: Int) async { while waiting < count { await Task.yield() } }

    /// Holds the writing thread outside any transaction until `gate` opens, so that jobs gather behind it.
    func held(by gate: Gate) async -> Task<Void, any Error> {
        let task = Task { try await maintain { _ in gate.pass() } }
        await gate.entered()
        return task
    }

    /// Puts the writes in line one after the other, behind a held writer, and lets it go: the result of each, in order.
    func together(_ writes: [(Durability, @Sendable (any Connection) throws -> Int64)]) async throws -> [Result<Int64, any Error>] {
        let gate = Gate()
        let holder = await held(by: gate)
        var tasks: [Task<Int64, any Error>] = []
        for (durability, body) in writes {
            tasks.append(Task { try await write(durability, body) })
            await until(waiting: tasks.count)
        }
        gate.open()
        try await holder.value
        var results: [Result<Int64, any Error>] = []
        for task in tasks { results.append(await task.result) }
        return results
    }
}

/// Limits under which only their number ends a group, however slow the machine is.
func groups(of jobs: Int = 1_000) -> PoolState.Limits {
    var limits = PoolState.Limits()
    limits.groupJobs = jobs
    limits.groupTime = .seconds(600)
    limits.patience = .seconds(600)
    return limits
}

/// How many transactions a write-ahead log holds: its frames that end one say the database's size.
///
/// Source: sqlite.org/fileformat2.html, "The WAL File Format": a 32-byte header, then frames of 24 bytes and a page.
func commits(inLogOf database: String) -> Int {
    let log = TemporaryFolder.bytes(of: database + "-wal")
    func number(_ start: Int) -> UInt32 { log[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    guard log.count > 32 else { return 0 }
    let (frame, salt) = (24 + Int(number(8)), (number(16), number(20)))
    return stride(from: 32, through: log.count - frame, by: frame).filter { start in
        number(start + 4) > 0 && (number(start + 8), number(start + 12)) == salt
    }.count
}
