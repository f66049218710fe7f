import Fediverse
import Glibc
import OpenSSL
import Privacy
import Store

/// One run of `sheltie privacy prove`: bytes first, while nothing of ours has the database open, then rows.
struct Proof {
    var report: ProofReport
    private let settings: Settings
    private let ring: KeyRing
    private let search: ByteSearch
    private let words: [String]
    private let location: StoreLocation
    private let now = Clock.now()
    private let bar = Bar()
    /// Words that are the alias of somebody who is here now: they stand where they belong.
    private var living: Set<Int> = []

    init(_ settings: Settings, _ ring: KeyRing, search: ByteSearch, words: [String]) throws {
        (self.settings, self.ring, self.search, self.words) = (settings, ring, search, words)
        location = try StoreLocation(parsing: settings.text("database"))
        let engine = if case .sqlite = location { "SQLite" } else { "PostgreSQL" }
        report = ProofReport(version: Version.text, keyID: ring.active.keyID, engine: engine, at: now)
        report.forms = search.needles.count
    }

    func finish() -> ProofReport {
        bar.clear()
        return report
    }

    /// Without words there is nothing to look for in bytes, and only rows and cells are checked.
    /// - Parameter backups: nil for those beside the database.
    mutating func look(logs: [String], backups: [String]?, dataDirectory: String?) async throws {
        var raw: DatabaseFiles?
        switch location {
        case .sqlite(let path):
            guard dataDirectory == nil else { throw Failure("--data-directory is for a PostgreSQL server", .usage) }
            guard access(path, F_OK) == 0 else { throw StoreError.noDatabase }
            if words.isEmpty { break }
            let files = DatabaseFiles(of: path, search: search) { [bar] in bar.show($0, $1) }
            report.looked += files.looked
            report.unread += files.unread
            for file in backups ?? besides(path) { try lookInBackup(file) }
            raw = files
        case .postgres:
            for file in backups ?? [] { try lookInBackup(file) }
            if let dataDirectory {
                // A server removes files of its own while it runs: what is gone needs no look.
                for file in try serverFiles(in: dataDirectory) where access(file, F_OK) == 0 { look(inFile: file) }
            }
        }
        for log in logs { look(inFile: log) }
        try await lookInRows(raw: raw)
    }

    private mutating func lookInRows(raw: DatabaseFiles?) async throws {
        let storage = try await Installation.storage(settings, role: .inspect)
        do {
            let names = Pseudonymizer(ring)
            for tenant in try await storage.tenants() { try await storage.checkKey(id: names.keyID, accepting: names.acceptedKeyIDs, in: tenant.key) }
            if !words.isEmpty {
                let part = try await storage.lookInRows(for: search) { [bar] in bar.show($0, $1) }
                report.looked += part.looked
                note(part.findings)
            }
            let rows = try await storage.checkRows(at: storage.sharedTime(else: now), contentDays: settings.number("contentDays")) { [bar] in bar.show($0, $1) }
            report.looked += rows.looked
            for finding in rows.findings { report.note(finding) }
            let cells = try await storage.checkCells(at: storage.sharedTime(else: now))
            report.cells = cells.cells
            for finding in cells.findings { report.note(finding) }
            await storage.shutdown()
        } catch {
            await storage.shutdown()
            throw error
        }
        if let raw, case .sqlite(let path) = location { note(raw, owners: try Storage.owners(of: Set(raw.hits.compactMap(\.page)), in: path)) }
        for number in living.sorted() { report.notes.append("word \(number) is the alias of somebody who is here: it stands in user_aliases, and in backups") }
        // Backups were looked into before it was known who is here.
        report.findings.removeAll { $0.part == Self.backupPart && $0.word.map(living.contains) == true }
    }

    /// Words in rows: an alias in its own column is where it belongs.
    private mutating func note(_ findings: [ProofReport.Finding]) {
        for finding in findings {
            if finding.place == "user_aliases", finding.part == "alias_id", finding.encoding == "raw", let word = finding.word, AliasID(hex: words[word - 1]) != nil {
                living.insert(word)
            } else {
                report.note(finding)
            }
        }
    }

    private mutating func note(_ raw: DatabaseFiles, owners: [Int: String]) {
        for hit in raw.hits {
            let (needle, owner) = (hit.hit.needle, hit.page.flatMap { owners[$0] })
            if living.contains(needle.number), needle.form == "raw", owner?.contains("user_aliases") == true { continue }
            let part = hit.page == nil ? "outside a page" : owners.isEmpty ? "a page" : owner.map { "a page of \($0)" } ?? "a free page"
            report.note(.init(.word, in: hit.file, part: part, "a word", offset: hit.hit.offset, page: hit.page, encoding: needle.form, word: needle.number))
        }
        if raw.untold > 0 { report.note(.init(.word, in: "the database's files", "more words in further places", count: raw.untold)) }
    }

    private mutating func look(inFile path: String) {
        do {
            add(try FileSearch.look(in: path, for: search) { [bar] in bar.show(path, $0) }, path, part: nil)
        } catch {
            report.unread.append("\(error)")
        }
    }

    private static let backupPart = "a backup"

    private mutating func lookInBackup(_ path: String) throws {
        guard let sealed = try? SealedFile(path: path) else { return lookInPlain(path) }
        do {
            guard let key = try BackupKeys(beside: settings.keyRecords).key(of: sealed.day, at: now) else {
                // A key may also be missing because it was looked for at the wrong place: that proves nothing.
                if BackupKeys.hasEnded(sealed.day, at: now) {
                    report.notes.append("\(path): its key is destroyed, nobody can read it")
                } else {
                    report.unread.append("\(path): the key of its day is not here; is --key-records missing?")
                }
                return
            }
            var search = FileSearch(search)
            try sealed.open(path, key: key) { piece in
                piece.withUnsafeBytes { search.feed($0) }
                bar.show(path, search.result.bytes)
            }
            add(search.result, path, part: Self.backupPart)
        } catch let error as SealedFileError {
            report.unread.append("\(path): \(error)")
        } catch let error as MasterKeyError {
            report.unread.append("\(path): \(error)")
        }
    }

    private mutating func lookInPlain(_ path: String) {
        do {
            add(try FileSearch.look(in: path, for: search) { [bar] in bar.show(path, $0) }, path, part: Self.backupPart)
        } catch {
            report.unread.append("\(error)")
        }
    }

    private mutating func add(_ result: FileSearch.Result, _ path: String, part: String?) {
        report.looked.append(.init(path, result.bytes, .bytes))
        for hit in result.hits {
            report.note(.init(.word, in: path, part: part, "a word", offset: hit.offset, encoding: hit.needle.form, word: hit.needle.number))
        }
        if result.untold > 0 { report.note(.init(.word, in: path, part: part, "more words in further places", count: result.untold)) }
    }

    /// Sealed and plain copies in the database's folder.
    private mutating func besides(_ database: String) -> [String] {
        let folder = database.lastIndex(of: "/").map { String(database[...$0]) } ?? "./"
        let own = database.split(separator: "/").last.map(String.init) ?? database
        return names(in: folder).filter { name in
            guard name != own, ![own + "-wal", own + "-shm", own + "-journal"].contains(name) else { return false }
            let head = FileSearch.beginning(of: folder + name, count: 16)
            return head.starts(with: "SHELTIE-BACKUP".utf8) || head.starts(with: "SQLite format 3".utf8)
        }.map { folder + $0 }
    }

    private mutating func serverFiles(in folder: String) throws -> [String] {
        var facts = stat()
        guard access(folder, R_OK | X_OK) == 0, stat(folder, &facts) == 0 else { throw Failure("the data folder cannot be read", .noInput) }
        var seen: Set<FolderID> = [FolderID(facts)]
        return files(below: folder, seen: &seen)
    }

    /// Links are followed: a log that initdb --waldir has moved and tablespaces are reached by them alone.
    /// - Parameter seen: the folders that were come to, so that a link upwards ends.
    private mutating func files(below folder: String, seen: inout Set<FolderID>) -> [String] {
        var found: [String] = []
        for name in names(in: folder) {
            let path = folder + "/" + name
            var facts = stat()
            guard stat(path, &facts) == 0 else {
                let code = errno
                // What the server has removed needs no look; a link to nowhere hides what it should lead to.
                if code != ENOENT || lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFLNK { noteUnread(path, code) }
                continue
            }
            switch facts.st_mode & S_IFMT {
            case S_IFREG: found.append(path)
            case S_IFDIR: if seen.insert(FolderID(facts)).inserted { found += files(below: path, seen: &seen) }
            default: break
            }
        }
        return found
    }

    private struct FolderID: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ facts: stat) { (device, inode) = (UInt64(facts.st_dev), UInt64(facts.st_ino)) }
    }

    /// What could be listed; the rest of a folder that is there and cannot be read is said.
    private mutating func names(in folder: String) -> [String] {
        guard let opened = opendir(folder) else {
            if errno != ENOENT { noteUnread(folder, errno) }
            return []
        }
        defer { closedir(opened) }
        var names: [String] = []
        while true {
            // Only errno tells the end of a folder from a failure.
            errno = 0
            guard let entry = readdir(opened) else { break }
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        if errno != 0 { noteUnread(folder, errno) }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    private mutating func noteUnread(_ path: String, _ code: Int32) { report.unread.append("\(path) cannot be read: \(String(cString: strerror(code)))") }
}

extension Proof {
    private struct Visit {
        let canary: Canary
        let tenant: TenantKey
        let ledgerTag: String
    }

    /// An invented person comes, acts, is found, is erased, and is looked for once more.
    mutating func sendCanary() async throws {
        let random = Hex.encode(try RandomBytes.make(count: 32))
        let storage = try await canaryStorage()
        let visit: Visit
        do {
            guard let served = try await storage.tenants().first else { throw Failure("the database holds no instance yet; nobody can come", .noInput) }
            let pseudonyms = Pseudonymizer(ring)
            let canary = Canary(alias: try pseudonyms.alias(domain: served.domain, accountID: "canary-" + random.prefix(48)), random: random)
            visit = Visit(canary: canary, tenant: served.key, ledgerTag: pseudonyms.ledgerTag(canary.alias))
            try await storage.registerKey(id: pseudonyms.keyID, accepting: pseudonyms.acceptedKeyIDs, in: visit.tenant, at: now)
        } catch {
            await storage.shutdown()
            throw error
        }
        do {
            try await follow(visit, storage)
        } catch {
            // Nobody may stay behind at FULL. As well as it goes: the first error is the one to tell.
            if let again = try? await leave(visit) { await again.shutdown() }
            throw error
        }
    }

    /// Closes the storage.
    private mutating func follow(_ visit: Visit, _ storage: Storage) async throws {
        let canary = visit.canary
        do {
            try await canary.live(in: storage, tenant: visit.tenant, at: now)
        } catch {
            await storage.shutdown()
            throw error
        }
        let search = ByteSearch(canary.words.map(\.word))
        let seen = try await places(of: search, storage)
        for (number, word) in canary.words.enumerated() where !seen.contains(number + 1) {
            report.note(.init(.canary, in: word.table, "the invented person was not found here, so a search proves nothing"))
        }
        let again = try await leave(visit)
        do {
            if try await !scrubbed(again) { report.unread.append("a foreign reader keeps the database's log open: the invented person's old bytes go when it ends") }
        } catch {
            await again.shutdown()
            throw error
        }
        for number in try await places(of: search, again).sorted() {
            report.note(.init(.canary, in: canary.words[number - 1].table, "the invented person was erased and is still there"))
        }
        report.canary = "\(seen.count) of \(canary.words.count) traces of an invented person found; erased, and looked for again"
    }

    /// Erases the invented person.
    /// - Returns: the storage in which that was done, open.
    private func leave(_ visit: Visit) async throws -> Storage {
        let storage = try await canaryStorage()
        do {
            let pseudonyms = Pseudonymizer(ring)
            try await storage.registerKey(id: pseudonyms.keyID, accepting: pseudonyms.acceptedKeyIDs, in: visit.tenant, at: now)
            try await visit.canary.leave(storage, tenant: visit.tenant, ledgerTag: visit.ledgerTag, at: Clock.now())
            return storage
        } catch {
            await storage.shutdown()
            throw error
        }
    }

    private func canaryStorage() async throws -> Storage { try await Installation.storage(settings, role: .command) }

    /// Which of the words are anywhere: in a file's bytes, on a server in its rows. Closes the storage.
    private func places(of search: ByteSearch, _ storage: Storage) async throws -> Set<Int> {
        guard case .sqlite(let path) = location else {
            do {
                let part = try await storage.lookInRows(for: search) { [bar] in bar.show($0, $1) }
                await storage.shutdown()
                return Set(part.findings.compactMap(\.word))
            } catch {
                await storage.shutdown()
                throw error
            }
        }
        await storage.shutdown()
        return Set(DatabaseFiles(of: path, search: search) { [bar] in bar.show($0, $1) }.hits.map(\.hit.needle.number))
    }

    private func scrubbed(_ storage: Storage) async throws -> Bool {
        for _ in 0..<12 {
            if try await storage.people.scrub() { return true }
            try await Task.sleep(for: .seconds(5))
        }
        return false
    }

    /// The progress bar, told from closures.
    private final class Bar {
        private var bar = ProgressBar()

        /// - Parameter place: a file, of which so many bytes are read, or a table, of which so many rows.
        func show(_ place: String, _ done: Int) {
            var facts = stat()
            if place.contains("/"), stat(place, &facts) == 0 {
                bar.show(place, "", done: done >> 20, of: Int(facts.st_size) >> 20, unit: "MB")
            } else {
                bar.show(place, "\(done) rows", done: done, of: 0, unit: "rows")
            }
        }

        func clear() { bar.clear() }
    }
}
