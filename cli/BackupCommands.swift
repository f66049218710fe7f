import ArgumentParser
import Database
import Fediverse
import Glibc
import Privacy
import SQLite
import Store

extension DatabaseCommand {
    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy the database to a new file while it is in use, sealed with a key of the day.",
            discussion: """
                Example: sheltie db backup /var/backups/sheltie-today.backup
                The day's key lies beside the master key and is destroyed after 30 days: then nobody can read the backup, and who was erased is gone from it, too.
                """)
        @Argument(help: "The new file.") var path: String
        @Flag(help: "Do not seal it. The copy holds people's rows for as long as it lies there: keep it as safe as the database.") var plain = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withStorage(flags, role: .inspect) { storage, settings in
                if plain {
                    try await storage.backup(to: path)
                    Output.line("Copied to \(path).")
                } else {
                    let day = try await Self.seal(storage, to: path, settings)
                    Output.line("Sealed in \(path) with the key of \(day), which is kept for 30 days.")
                }
            }
        }

        /// - Returns: the day whose key seals it.
        private static func seal(_ storage: Storage, to path: String, _ settings: Settings) async throws -> String {
            guard case .sqlite(let database) = storage.location else { throw StoreError.noFile }
            guard access(path, F_OK) != 0 else { throw SealedFileError.alreadyThere }
            let lock = try CopyLock(database)
            defer { withExtendedLifetime(lock) {} }
            let now = Clock.now()
            // A day's key beside no master key is one that nobody looks after.
            _ = try KeyRing.load(path: settings.text("keyFile"))
            let (day, key) = try BackupKeys(beside: settings.keyRecords).key(at: now)
            // Beside the database: what is readable stays on the disk where it is readable already.
            let copy = database + ".copy", partial = path + ".partial"
            PlainCopy.removeAll(beside: database)
            defer { PlainCopy.removeAll(beside: database) }
            try await storage.backup(to: copy)
            unlink(partial)
            defer { unlink(partial) }
            try SealedFile.seal(copy, to: partial, day: day, key: key, at: now)
            // A link, not a rename: it fails where another file took the name meanwhile.
            guard link(partial, path) == 0 else {
                throw errno == EEXIST ? SealedFileError.alreadyThere : .system(operation: "name", code: errno)
            }
            return day
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a sealed backup in the database's place, and tell it who was erased since. Stop every service first.",
            discussion: "Example: sheltie db restore /var/backups/sheltie-today.backup --replace")
        @Argument(help: "The backup.") var path: String
        @Flag(help: "The database that is there goes.") var replace = false
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let settings = try await Settings.load(flags)
            guard case .sqlite(let database) = try StoreLocation(parsing: settings.text("database")) else { throw StoreError.noFile }
            let records = settings.keyRecords, now = Clock.now()
            let ring = try KeyRing.load(path: settings.text("keyFile"))
            let sealed = try SealedFile(path: path)
            guard let key = try BackupKeys(beside: records).key(of: sealed.day, at: now) else { throw SealedFileError.keyDestroyed(day: sealed.day) }
            guard replace || access(database, F_OK) != 0 else {
                throw Failure("there is a database at \(database) already; say --replace, or name another with --database", .cannotCreate)
            }
            let lock = try CopyLock(database)
            defer { withExtendedLifetime(lock) {} }
            // No service may begin before the file has its new content.
            let served = try Self.keepServicesAway(database)
            defer { withExtendedLifetime(served) {} }
            let fresh = database + ".restoring"
            PlainCopy.removeAll(beside: database)
            defer { PlainCopy.removeAll(beside: database) }
            // First of all: a backup that cannot be opened changes nothing.
            try sealed.open(path, to: fresh, key: key)
            let present = try await Self.present(database, settings)
            let file = try LedgerFile(beside: records)
            let (entries, authors) = try (file.entries() + present.entries, file.authorEntries() + present.authors)
            var replay = try await Self.bringUpToDate(fresh, settings, Pseudonymizer(ring), entries, authors, at: now)
            // Who was erased by a command meanwhile.
            let later = try (file.entries().filter { !Set(entries).contains($0) }, file.authorEntries().filter { !Set(authors).contains($0) })
            if !later.0.isEmpty || !later.1.isEmpty {
                replay += try await Self.bringUpToDate(fresh, settings, Pseudonymizer(ring), later.0, later.1, at: now)
            }
            // The old log would be taken for the new file's.
            for suffix in ["-wal", "-shm"] { unlink(database + suffix) }
            guard rename(fresh, database) == 0 else { throw SealedFileError.system(operation: "restore", code: errno) }
            if json {
                Output.json { writer in
                    writer.object {
                        $0.member("state_of", sealed.createdAt.iso8601)
                        $0.member("erased", replay.erased)
                        $0.member("cut", replay.cut)
                        $0.member("authors_left_alone", replay.leftAlone)
                    }
                }
            } else {
                Output.line("\(database) is as it was at \(sealed.createdAt.iso8601).")
                Output.line("Told since then: \(replay.erased) people erased, \(replay.cut) cut to LIMITED, \(replay.leftAlone) authors to be left alone.")
                if !present.isReadable { Output.note("The database that was there could not be read; its ledger is lost, the one beside the key file was used.") }
            }
        }

        private static func keepServicesAway(_ database: String) throws -> ServeLock {
            do {
                return try ServeLock(databasePath: database)
            } catch DatabaseError.alreadyServed {
                throw Failure("the database is served; stop every service before a restore", .unavailable)
            }
        }

        /// What the database knows that is there now; it is whole and without a log afterwards.
        private static func present(
            _ database: String, _ settings: Settings
        ) async throws -> (entries: [LedgerEntry], authors: [AuthorLedgerEntry], isReadable: Bool) {
            guard access(database, F_OK) == 0 else { return ([], [], true) }
            do {
                let storage = try await Installation.storage(settings, role: .command)
                do {
                    let (entries, authors) = (try await storage.ledger(), try await storage.authorLedger())
                    await storage.shutdown()
                    return (entries, authors, true)
                } catch {
                    await storage.shutdown()
                    throw error
                }
            } catch DatabaseError.corrupt {
                return ([], [], false)
            }
        }

        private static func bringUpToDate(
            _ path: String, _ settings: Settings, _ names: Pseudonymizer, _ entries: [LedgerEntry], _ authors: [AuthorLedgerEntry], at now: Instant
        ) async throws -> Replay {
            let storage = try await Storage.open(
                .sqlite(path: path), role: .alone, defaultLevel: try settings.defaultLevel(), candidateLimit: try settings.number("candidates"), now: now)
            do {
                let keys = Set([names.keyID] + names.acceptedKeyIDs)
                for tenant in try await storage.tenants() {
                    // A key that was ended since, or one that was made in an emergency.
                    if try await !storage.keys(in: tenant.key).contains(where: { $0.state == "active" && keys.contains($0.id) }) {
                        try await storage.replaceKeys(by: names.keyID, in: tenant.key, at: now)
                    }
                    try await storage.registerKey(id: names.keyID, accepting: names.acceptedKeyIDs, in: tenant.key, at: now)
                }
                var replay = try await storage.replay(entries, tags: { names.ledgerTags($0) }, keys: keys, at: now)
                replay += try await storage.replay(authors)
                let anonymizer = Anonymizer(retention: RetentionPolicy(contentDays: try settings.number("contentDays")))
                for tenant in try await storage.tenants() {
                    let report = try await anonymizer.run(
                        on: storage.retention, tenant: tenant.key, at: ClockReading(wall: now, sinceBoot: Clock.sinceBoot()), budget: .max, lastRun: nil)
                    if let failure = report.firstFailure { throw failure }
                }
                guard try await storage.people.scrub() else { throw DatabaseError.busy }
                await storage.shutdown()
                return replay
            } catch {
                await storage.shutdown()
                throw error
            }
        }

    }
}

/// One process at a time makes or opens copies beside a database: they have fixed names, so that what a killed one left is found.
final class CopyLock {
    private let file: Int32

    /// - Throws: `Failure` while another process holds it.
    init(_ database: String) throws {
        let opened = open(database + ".copies", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw SealedFileError.system(operation: "begin", code: errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw Failure("another backup or restore of this database is under way; wait until it has ended", .tryAgain)
        }
        file = opened
    }

    deinit { close(file) }
}

/// Readable copies that are needed for a moment.
enum PlainCopy {
    /// Removes whatever a backup or a restore has left, also one that was killed. Only under the ``CopyLock``.
    static func removeAll(beside database: String) {
        for name in [".copy", ".copy.partial", ".restoring", ".restoring-wal", ".restoring-shm", ".restoring.lock"] { remove(database + name) }
    }

    /// Overwrites the file before its name goes, as far as the file system writes in place.
    private static func remove(_ path: String) {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return }
        defer {
            fsync(file)
            unlink(path)
            close(file)
        }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { return }
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        var left = Int(facts.st_size)
        while left > 0 {
            let written = write(file, zeros, min(left, zeros.count))
            if written <= 0 { return }
            left -= written
        }
    }
}
