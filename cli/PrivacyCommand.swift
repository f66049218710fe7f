import ArgumentParser
import Fediverse
import Glibc
import Privacy
import Store
import Upstream

struct PrivacyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy", abstract: "What is kept about a person, and how to change or end it.",
        subcommands: [Report.self, Set.self, Export.self, Erase.self, Anonymize.self, Prove.self, OverviewCommand.self])

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that is stored about a person, why, and until when.",
            discussion: "Example: printf %s \"$TOKEN\" | sheltie privacy report --token-stdin")
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON, with a schema version.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags, role: .inspect) { installation in
                let report = try await installation.report(about: who.alias(in: installation))
                print(json ? report.json : report.text)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Choose a level: NONE keeps nothing, LIMITED little and short, FULL most.",
            discussion: "Example: printf %s \"$TOKEN\" | sheltie privacy set --level FULL --token-stdin")
        @OptionGroup var who: WhoFlags
        @Option(help: "NONE, LIMITED or FULL.") var level: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let level = try PrivacyLevel(argument: level)
            try await withInstallation(flags) { installation in
                let change = try await installation.storage.people.setLevel(
                    level, of: who.alias(in: installation), in: installation.tenant, at: Clock.now())
                if level < .full { _ = try await installation.scrub() }
                Output.levelChange(change, json: json)
                if !json, level < .full, let date = try await installation.bytesLeaveBy() {
                    Output.line("Bytes of what was removed leave the server's files on \(date), in the night.")
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every stored row about a person, as JSON.",
            discussion: "Example: printf %s \"$TOKEN\" | sheltie privacy export --token-stdin > mine.json")
        @OptionGroup var who: WhoFlags
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags, role: .inspect) { installation in
                let alias = try await who.alias(in: installation)
                let viewer = try await installation.storage.people.viewer(alias, in: installation.tenant)
                let tables = try await installation.storage.personalData.everything(about: alias, in: installation.tenant)
                print(PrivacyExport(of: viewer, keyID: installation.pseudonymizer.keyID, tables: tables).json)
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove every row about a person, and their bytes from the file.",
            discussion: "Example: printf %s \"$TOKEN\" | sheltie privacy erase --confirm --token-stdin")
        @OptionGroup var who: WhoFlags
        @Flag(help: "Yes, all of it; there is no way back.") var confirm = false
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            guard confirm else { throw Failure("this removes everything about the person for good; say --confirm", .usage) }
            try await withInstallation(flags) { installation in
                let alias = try await who.alias(in: installation)
                let receipt = try await installation.storage.people.erase(
                    alias, in: installation.tenant, ledgerTag: installation.pseudonymizer.ledgerTag(alias), at: Clock.now())
                let isScrubbed = try await installation.scrub()
                let date = try await installation.bytesLeaveBy()
                if json {
                    Output.json { writer in
                        writer.object {
                            $0.member("removed") { Output.counts(receipt.removed, in: &$0) }
                            $0.member("scrubbed", isScrubbed)
                            $0.member("bytes_leave_by", date)
                        }
                    }
                } else {
                    let rows = receipt.removed.values.reduce(0, +)
                    Output.line("Erased: \(rows) row\(rows == 1 ? "" : "s")" + installation.bytes(areGone: isScrubbed, by: date))
                    for table in receipt.removed.keys.sorted() where receipt.removed[table] != 0 {
                        Output.line("  \(table): \(receipt.removed[table] ?? 0)")
                    }
                }
            }
        }
    }

    struct Anonymize: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the anonymizer now, as the service does every hour.", discussion: "Example: sheltie privacy anonymize --dry-run")
        @Flag(help: "Only count what is due.") var dryRun = false
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags) { installation in
                let storage = installation.storage
                let keeping = RetentionPolicy(contentDays: try installation.settings.number("contentDays"))
                let book = installation.jobBook
                let last = try await book.lastFinished("anonymizer")
                @Sendable func carryOut() async throws -> AnonymizerReport {
                    try await Anonymizer(retention: keeping).run(
                        on: storage.retention, tenant: installation.tenant, at: ClockReading(wall: book.now(), sinceBoot: Clock.sinceBoot()),
                        dryRun: dryRun, lastRun: last.map(ClockMark.init(finishedAt:)))
                }
                let report =
                    if dryRun {
                        try await carryOut()
                    } else {
                        try await book.alone("anonymizer") {
                            let run = try await book.started("anonymizer", at: book.now())
                            let report = try await carryOut()
                            try await book.finished(
                                run, counts: ["removed": report.removed], failed: report.firstFailure != nil, at: book.now())
                            return report
                        }
                    }
                if !dryRun { _ = try await installation.scrub() }
                if let failure = report.firstFailure { throw failure }
                let rows = report.outcomes.map { outcome in
                    [outcome.step.what.rawValue, outcome.step.level?.rawValue ?? "-", String(Int(outcome.step.age.days)),
                     String(dryRun ? outcome.due ?? 0 : outcome.removed)]
                }
                if json {
                    Output.json { writer in
                        writer.array {
                            for row in rows {
                                $0.object {
                                    $0.member("step", row[0])
                                    $0.member("level", row[1])
                                    $0.member("older_than_days", row[2])
                                    $0.member(dryRun ? "due" : "removed", row[3])
                                }
                            }
                        }
                    }
                } else {
                    if report.clockDoubted { Output.note("The clock has jumped forward; it is believed when the next run finds it so still.") }
                    Output.table(["step", "level", "older than, days", dryRun ? "due" : "removed"], rows)
                }
            }
        }
    }
}

/// Runs `body` over the opened installation and closes it, whatever happens.
/// - Parameter role: `inspect` for what only reads: it makes no database, no tenant and no key row.
func withInstallation(
    _ flags: SettingFlags, role: Storage.Role = .command, _ body: (Installation) async throws -> Void
) async throws {
    let installation = try await Installation.open(Settings.load(flags), role: role)
    do {
        try await body(installation)
    } catch {
        await installation.close()
        throw error
    }
    await installation.close()
}

extension Installation {
    func report(about alias: AliasID) async throws -> PrivacyReport {
        let runs = try await storage.jobRuns.recent("anonymizer", limit: 1, in: tenant)
        let last = runs.first?.finishedAt
        return try await PrivacyReport(
            of: storage.people.viewer(alias, in: tenant), keyID: pseudonymizer.keyID,
            tables: storage.personalData.everything(about: alias, in: tenant),
            service: PrivacyReport.Service(
                name: Self.agent, version: Version.text, contact: settings.text("contact").isEmpty ? nil : settings.text("contact"),
                instance: instance.domain, defaultLevel: settings.defaultLevel(),
                parameters: [
                    .init(name: "policy", value: settings.text("policy")),
                    .init(name: "recommendations per page", value: settings.text("recommendationsPerPage")),
                    .init(name: "counts of what people here like", value: SharingPolicy(try settings.choice("sharedCounts")).sentence),
                ],
                lastAnonymized: last, nextAnonymized: last.map { $0 + .hours(1) }),
            at: Clock.now())
    }

    /// Takes the bytes of removed rows out of the file; readers of ours end within seconds, a foreign one may delay it.
    /// - Returns: whether nothing is left; asked again for a minute.
    func scrub() async throws -> Bool {
        let end = ContinuousClock.now + .seconds(58)
        while try await !storage.people.scrub() {
            guard ContinuousClock.now < end else {
                Output.note("A foreign reader still needs what was removed, so old bytes are still in the files; they go when it ends.")
                return false
            }
            try await Task.sleep(for: .seconds(2))
        }
        return true
    }

    /// When what was removed leaves the files, as far as that is still to come: `2026-07-01 03:00:00 UTC`.
    func bytesLeaveBy() async throws -> String? {
        try await storage.bytesLeaveBy(in: tenant).map { UTCText.writeFull($0) + " UTC" }
    }

    /// The rest of a sentence that begins with what was erased.
    fileprivate func bytes(areGone isScrubbed: Bool, by date: String?) -> String {
        guard case .postgres = storage.location else {
            return isScrubbed ? ", and nothing of them is left in the file." : "; their old bytes stay in the log until its reader ends."
        }
        let alias = isScrubbed ? "; the alias is gone from the server's files" : "; the alias is still in the server's files, until an older reader ends"
        return alias + (date.map { ", and the bytes of the rows leave them on \($0), in the night." } ?? ", and so are the bytes of the rows.")
    }
}

extension PrivacyLevel {
    init(argument: String) throws {
        guard let level = PrivacyLevel(rawValue: argument.uppercased()) else {
            throw Failure("a level is NONE, LIMITED or FULL", .usage)
        }
        self = level
    }
}

extension Output {
    static func counts(_ counts: [String: Int], in writer: inout JSONWriter) {
        writer.object { for name in counts.keys.sorted() { $0.member(name, counts[name] ?? 0) } }
    }
}
