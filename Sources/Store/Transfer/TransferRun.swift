import Database
import Fediverse
import Glibc
import Postgres
import SQLite

/// One run of a transfer, on a thread of its own: steps that are each found done or gone on with.
struct TransferRun {
    private let transfer: Transfer
    private let now: Instant
    private let note: @Sendable (TransferNote) -> Void

    init(_ transfer: Transfer, now: Instant, note: @escaping @Sendable (TransferNote) -> Void) {
        self.transfer = transfer
        self.now = now
        self.note = note
    }

    /// How long the lock of a process that was killed may still stand.
    private static let lockPatience = Duration.seconds(10)

    func run() throws -> TransferReport {
        let source = try TransferSource(path: transfer.source)
        if source.kind == .documented, transfer.identity == nil { throw TransferError.needsIdentity }
        return try source.reading {
            let staging = try Staging.open(transfer.target)
            try staging.take(patience: Self.lockPatience)
            guard try staging.mayMakeAndShow() else { throw TransferError.notAllowed }
            return transfer.isTrial ? try trial(source, staging) : try run(source, staging)
        }
    }

    /// All of it but the last step, inside a transaction that is taken back.
    private func trial(_ source: TransferSource, _ staging: Staging) throws -> TransferReport {
        struct Back: Error { let report: TransferReport }
        guard try !staging.isThere() else { throw TransferError.unfinished }
        guard try !staging.isTargetUsed() else { throw TransferError.targetUsed }
        do {
            return try staging.session.transaction {
                try staging.make(source: "", at: now)
                var report = TransferReport()
                let tables = try tables(source, staging, begun: now)
                _ = try copy(tables, source, staging, &report)
                _ = try build(staging, source, tables, &report)
                try finish(&report, source, staging, tables)
                throw Back(report: report)
            }
        } catch let back as Back {
            return back.report
        }
    }

    private func run(_ source: TransferSource, _ staging: Staging) throws -> TransferReport {
        var report = TransferReport()
        let name = try source.name()
        guard try prepare(staging, source: name, &report) else {
            report.wasComplete = true
            return report
        }
        let begun = try staging.origin()?.begun ?? now
        let tables = try tables(source, staging, begun: begun)
        // What an earlier run has left out is told again.
        for row in try staging.unfit() { tell(row.table, row.key, row.reason, &report) }
        var digests = try copy(tables, source, staging, &report)
        if !transfer.leavesOut { try refuseUnfit(report) }
        for table in try build(staging, source, tables, &report) { digests[table] = nil }
        try verify(tables, digests, source, staging, &report)
        try timed(.publication, &report) { report in
            try staging.setIdentities(given: source.numbering())
            try finish(&report, source, staging, tables)
            try source.checkUnchanged()
            try staging.publish(source: name)
        }
        return report
    }

    /// - Returns: false when everything was done before.
    private func prepare(_ staging: Staging, source: String, _ report: inout TransferReport) throws -> Bool {
        if try staging.isThere() {
            guard transfer.resumes else { throw TransferError.unfinished }
            guard try staging.origin()?.source == source else { throw TransferError.otherSource }
            return true
        }
        if try staging.isTargetUsed() {
            guard transfer.resumes, try staging.completedSource() == source else { throw TransferError.targetUsed }
            return false
        }
        try timed(.schema, &report) { _ in
            try staging.session.transaction { try staging.make(source: source, at: now) }
        }
        return true
    }

    /// In the order in which they are copied. The aliases' numbers have a table of their own here: it takes those whose people arrived.
    private func tables(_ source: TransferSource, _ staging: Staging, begun: Instant) throws -> [TransferTable] {
        var tables = try source.tables(for: staging.tables(), identity: transfer.identity, begun: begun)
        if let numbers = tables.firstIndex(where: { $0.name == "alias_keys" }) {
            let table = tables.remove(at: numbers)
            let people = tables.firstIndex { $0.name == "user_aliases" } ?? numbers - 1
            tables.insert(table, at: people + 1)
        }
        return tables
    }

    /// - Returns: the sums over what was copied, by table; none of a table that an earlier run has begun.
    private func copy(
        _ tables: [TransferTable], _ source: TransferSource, _ staging: Staging, _ report: inout TransferReport
    ) throws -> [String: TableDigest] {
        var digests: [String: TableDigest] = [:]
        try timed(.rows, &report) { report in
            let totals = try tables.map { try $0.count(on: source.connection) }
            let total = totals.reduce(0, +)
            var before = 0
            for (table, count) in zip(tables, totals) {
                var done = before + (try staging.progress(of: table.name).rows)
                var told: [(TransferKey, String)] = []
                note(.progress(.rows, table: table.name, done: done, total: total))
                var copy = TableCopy(
                    table: table, source: source.connection, staging: staging, reader: table.reader(transfer.identity), chunkRows: transfer.chunkRows,
                    progressed: { note(.progress(.rows, table: table.name, done: done + $0, total: total)) },
                    committed: { done += $0 }, unfit: { told.append(($0, $1)) })
                if !report.unfit.isEmpty { copy.references = try references(of: table, among: tables, staging) }
                digests[table.name] = try copy.run()
                for row in told { tell(table.name, row.0, row.1, &report) }
                before += count
            }
            note(.progress(.rows, table: "", done: total, total: total))
        }
        return digests
    }

    /// A row that refers to one that is left out is left out itself, and named: also where the target would not miss it.
    private func references(of table: TransferTable, among tables: [TransferTable], _ staging: Staging) throws -> [TableCopy.Reference] {
        let unfit = try staging.unfit()
        return tables.compactMap { parent in
            guard parent.name != table.name, parent.key.count == 1, let place = parent.expressions.firstIndex(of: parent.key[0]),
                let column = table.columns.firstIndex(where: { $0.name == parent.columns[place].name })
            else { return nil }
            let absent = unfit.filter { $0.table == parent.name }.compactMap { row -> Int64? in
                if case .integer(let number) = row.key.values.first { number } else { nil }
            }
            return absent.isEmpty ? nil : TableCopy.Reference(column: Int32(column), parent: parent.name, absent: Set(absent))
        }
    }

    private func tell(_ table: String, _ key: TransferKey, _ reason: String, _ report: inout TransferReport) {
        let row = TransferReport.UnfitRow(table: table, key: key.description, reason: reason)
        report.unfit.append(row)
        note(.unfit(row))
    }

    private func refuseUnfit(_ report: TransferReport) throws {
        if !report.unfit.isEmpty { throw TransferError.unfit(rows: report.unfit.count) }
    }

    /// - Returns: the tables out of which rows had to go.
    private func build(
        _ staging: Staging, _ source: TransferSource, _ tables: [TransferTable], _ report: inout TransferReport
    ) throws -> Set<String> {
        var changed: Set<String> = []
        let builders = Builders(staging: staging, url: transfer.target, sessions: transfer.isTrial ? 0 : transfer.builders)
        try timed(.indexes, &report) { _ in
            try builders.run([.index, .constraint]) { note(.progress(.indexes, table: $0, done: $1, total: $2)) }
        }
        try timed(.keys, &report) { report in
            do {
                try builders.run([.key, .check]) { note(.progress(.keys, table: $0, done: $1, total: $2)) }
            } catch DatabaseError.constraint(kind: .foreignKey) {
                // Some row refers to one that is not there. Without keys again, each is looked for, parents first.
                try builders.takeKeysBack()
                for orphan in try builders.orphans(of: tables) {
                    changed.insert(orphan.table)
                    tell(orphan.table, orphan.key, orphan.reason, &report)
                }
                if !transfer.leavesOut, !transfer.isTrial { try refuseUnfit(report) }
                try builders.run([.key, .check]) { note(.progress(.keys, table: $0, done: $1, total: $2)) }
            }
        }
        return changed
    }

    /// - Parameter digests: of what this run has read in its snapshot; of the rest, the source is read once more.
    private func verify(_ tables: [TransferTable], _ digests: [String: TableDigest], _ source: TransferSource, _ staging: Staging, _ report: inout TransferReport) throws {
        try timed(.verification, &report) { _ in
            let target = try targetDigests(of: tables, staging)
            let here = Result { try tables.map { table in
                if let digest = digests[table.name] { return digest }
                note(.progress(.verification, table: table.name, done: 0, total: 0))
                return try TableVerification(table: table).digest(
                    of: source.connection, table.reader(transfer.identity), without: staging.unfitKeys(of: table.name))
            } }
            var there: [String: TableDigest] = [:]
            for running in target { there.merge(try running.wait().get()) { first, _ in first } }
            var different = 0
            for (table, expected) in zip(tables, try here.get()) where expected != there[table.name] {
                let rows = try TableVerification(table: table).differences(
                    source.connection, table.reader(transfer.identity), without: staging.unfitKeys(of: table.name), target: staging.session)
                different += max(1, rows.count)
                for row in rows { note(.different(table: table.name, key: row.key, how: row.how.rawValue)) }
            }
            if different > 0 { throw TransferError.different(rows: different) }
        }
    }

    /// Begins to read the target, the largest tables first, in sessions side by side.
    private func targetDigests(of tables: [TransferTable], _ staging: Staging) throws -> [OwnThread.Running<[String: TableDigest]>] {
        let sizes = Dictionary(uniqueKeysWithValues: try tables.map { ($0.name, try staging.progress(of: $0.name).rows) })
        let rest = Monitor(tables.sorted { (sizes[$0.name] ?? 0) > (sizes[$1.name] ?? 0) }[...], lines: 1)
        return (0..<max(1, transfer.builders)).map { _ in
            OwnThread.begin("transfer-verify") { [url = transfer.target] in
                let own = try Staging.open(url)
                var digests: [String: TableDigest] = [:]
                while let table = rest.withLock({ $0.popFirst() }) { digests[table.name] = try TableVerification(table: table).digest(of: own.session) }
                return digests
            }
        }
    }

    private func finish(_ report: inout TransferReport, _ source: TransferSource, _ staging: Staging, _ tables: [TransferTable]) throws {
        for table in tables { report.tables.append(.init(name: table.name, rows: try staging.progress(of: table.name).rows)) }
        guard source.kind == .documented else { return }
        let remainder = try DocumentedSource.remainder(source.connection)
        report.peopleAtNone = remainder.people
        report.rowsOfPeopleAtNone = remainder.rowsOfPeople
        report.views = remainder.views
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func timed(_ step: TransferNote.Step, _ report: inout TransferReport, _ body: (inout TransferReport) throws -> Void) rethrows {
        note(.began(step))
        let (start, used) = (ContinuousClock.now, Self.cpuSeconds())
        try body(&report)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        report.seconds[step.rawValue, default: 0] += seconds
        report.cpuSeconds[step.rawValue, default: 0] += Self.cpuSeconds() - used
        note(.ended(step, seconds: seconds))
    }
}
