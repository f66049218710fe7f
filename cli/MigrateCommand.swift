import ArgumentParser
import Database
import Fediverse
import Glibc
import Privacy
import Store

/// The documented name for 'db migrate', and below it the move to a server.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the schema up to date: 'db migrate'.", discussion: "Example: sheltie migrate",
        subcommands: [ToPostgres.self])
    @OptionGroup var command: DatabaseCommand.Migrate

    func run() async throws { try await command.run() }

    struct ToPostgres: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring everything from an SQLite file into an empty PostgreSQL database.",
            discussion: """
                Example: sheltie migrate to-postgres --from a.db --to postgres://me@db/sheltie
                Stop the service first. The file is only read. The tables are seen in the target when every row was found equal; a run
                that was ended goes on with --resume.
                """)
        @Option(help: "The SQLite file: Sheltie's own, or one of the documented five tables.") var from: String
        @Option(help: "The database on the server, postgres://…; it must be empty.") var to: String
        @Flag(help: "Go on with a run that was ended.") var resume = false
        @Flag(help: "Try everything, tell what would not fit, and leave the target as it was.") var dryRun = false
        @Flag(help: "Carry the rest over where rows do not fit; each is named.") var leaveOut = false
        @Option(help: "Rows a transaction.") var chunkRows = 250_000
        @Option(help: "For the documented five tables: the instance whose people they are, as social.example; with --key-file.") var domain: String?
        @Flag(help: "As JSON.") var json = false
        // It takes the common flags, the key's file among them.
        @ParentCommand var group: MigrateCommand

        func run() async throws {
            let transfer = try await transfer()
            let screen = Screen()
            let report: TransferReport
            do {
                report = try await transfer.run(at: Clock.now()) { screen.hear($0) }
            } catch {
                screen.clear()
                throw error
            }
            screen.clear()
            if json { Output.json { report.write(to: &$0) } } else { tell(report) }
            guard report.unfit.isEmpty else {
                throw Failure("\(report.unfit.count) row(s) \(dryRun ? "would not fit" : "were left out")", .badData)
            }
        }

        private func transfer() async throws -> Transfer {
            guard chunkRows > 0 else { throw Failure("--chunk-rows must be above 0", .usage) }
            guard case .sqlite(let path) = try StoreLocation(parsing: from) else { throw Failure("--from must be an SQLite file", .usage) }
            guard case .postgres(let url) = try StoreLocation(parsing: to) else { throw Failure("--to must be postgres://…", .usage) }
            var transfer = Transfer(source: path, target: url)
            transfer.resumes = resume
            transfer.isTrial = dryRun
            transfer.leavesOut = leaveOut
            transfer.chunkRows = chunkRows
            if let domain {
                let keyFile = try await Settings.load(group.command.flags).text("keyFile")
                guard let host = try? InstanceHost(domain, allowLoopback: true) else { throw Failure("the domain must be a host, as social.example", .usage) }
                transfer.identity = Transfer.Identity(domain: host.canonical, pseudonymizer: Pseudonymizer(try KeyRing.load(path: keyFile)))
            }
            return transfer
        }

        private func tell(_ report: TransferReport) {
            if report.wasComplete { return Output.line("An earlier run has done everything.") }
            Output.table(["table", "rows"], report.tables.map { [$0.name, String($0.rows)] })
            Output.line()
            for step in TransferNote.Step.allCases {
                guard let seconds = report.seconds[step.rawValue] else { continue }
                Output.line("\(step.words): \(Self.tenths(seconds)) s")
            }
            if report.peopleAtNone > 0 {
                Output.line("\(report.peopleAtNone) people at level NONE were not carried over, nor \(report.rowsOfPeopleAtNone) row(s) about them.")
            }
            if report.views > 0 { Output.line("\(report.views) view(s) were not carried over: nobody has turned them on here.") }
            Output.line(dryRun ? "Nothing was changed." : "Every row was found equal; the target is ready.")
        }

        private static func tenths(_ seconds: Double) -> String {
            let tenths = Int((seconds * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        }
    }
}

/// What the transfer says, on standard error: lines that stay, and how far it is.
private final class Screen: Sendable {
    private let bar = Monitor(ProgressBar(), lines: 1)

    func hear(_ note: TransferNote) {
        bar.withLock { bar in
            switch note {
            case .began, .ended: bar.clear()
            case .progress(let step, let table, let done, let total):
                bar.show(step.words, table, done: done, of: total, unit: step == .rows ? "rows" : "pieces")
            case .unfit(let row):
                bar.clear()
                Output.note("does not fit: \(row.table) \(row.key): \(row.reason)")
            case .different(let table, let key, let how):
                bar.clear()
                Output.note("differs: \(table) \(key): \(how) in the target")
            }
        }
    }

    func clear() { bar.withLock { $0.clear() } }
}

extension TransferNote.Step {
    fileprivate var words: String {
        switch self {
        case .schema: "schema made"
        case .rows: "rows copied"
        case .indexes: "indexes built"
        case .keys: "foreign keys checked"
        case .verification: "every row verified"
        case .publication: "made visible"
        }
    }
}

extension TransferReport {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("complete_before", wasComplete)
            $0.member("rows", rows)
            $0.member("tables") { $0.object { for table in tables { $0.member(table.name, table.rows) } } }
            $0.member("people_at_none", peopleAtNone)
            $0.member("rows_of_people_at_none", rowsOfPeopleAtNone)
            $0.member("views", views)
            for (name, seconds) in [("milliseconds", seconds), ("cpu_milliseconds", cpuSeconds)] {
                $0.member(name) { $0.object { for (step, seconds) in seconds.sorted(by: { $0.key < $1.key }) { $0.member(step, Int(seconds * 1000)) } } }
            }
            $0.member("unfit") {
                $0.array {
                    for row in unfit {
                        $0.object {
                            $0.member("table", row.table)
                            $0.member("key", row.key)
                            $0.member("reason", row.reason)
                        }
                    }
                }
            }
        }
    }
}
