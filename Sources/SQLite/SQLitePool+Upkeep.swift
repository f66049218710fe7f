import Database

extension SQLitePool {
    /// Empties the write-ahead log into the file, so that deleted bytes are in neither.
    /// - Returns: false when a reader still needs the log. Readers of this pool end by its limit, so repeat it.
    public func truncateLog() async throws -> Bool {
        try await maintain { try Self.ours($0).truncateLog() }
    }

    /// Reads the whole file, with no write meanwhile: for the start of the process.
    /// - Throws: `corrupt`.
    public func checkIntegrity() async throws {
        try await maintain { try Self.ours($0).checkIntegrity() }
    }

    /// Copies one snapshot to a new file (`SQLiteConnection.backup`), on a thread and a connection of its own: reads and writes go on.
    ///
    /// It is not bound by the readers' limit; `truncateLog` answers false until it is done.
    public func backup(to target: String) async throws {
        // A database in memory is visible to the one connection only.
        guard path != ":memory:" else { return try await maintain { try Self.ours($0).backup(to: target) } }
        let path = path
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            NamedThread.start("sqlite-backup") {
                continuation.resume(with: Swift.Result { try SQLiteConnection(path: path, access: .reader).backup(to: target) })
            }
        }
    }

    /// The pool's threads have no other kind of connection.
    private static func ours(_ connection: any Connection) throws(DatabaseError) -> SQLiteConnection {
        guard let connection = connection as? SQLiteConnection else { throw .unavailable }
        return connection
    }
}
