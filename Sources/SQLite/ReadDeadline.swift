import CSQLite

/// When the running read must end. SQLite asks every thousand steps of its virtual machine, about 0.1 ms apart.
final class ReadDeadline {
    private var end: ContinuousClock.Instant?

    var isOver: Bool { end.map { ContinuousClock.now >= $0 } ?? false }

    /// The deadline must live as long as the connection asks it: the connection owns both.
    func install(on database: OpaquePointer) {
        sqlite3_progress_handler(
            database, 1_000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<ReadDeadline>.fromOpaque(context).takeUnretainedValue().isOver ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    func set(_ limit: Duration) { end = ContinuousClock.now + limit }
    func clear() { end = nil }
}
