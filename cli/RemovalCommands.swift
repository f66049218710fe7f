import ArgumentParser
import Fediverse
import Privacy
import Store

extension PrivacyCommand {
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove one row about a person, as their report names it.",
            discussion: """
                Example: sheltie privacy remove interaction $POST favorite --alias $ALIAS
                Example: sheltie privacy remove recommendation 17 --alias $ALIAS
                Kinds: interaction POST_ID TYPE; author AUTHOR_ID, with the acts on their posts, from which alone it would come back;
                recommendation ID; suppression author:AUTHOR_ID or reason:CODE; setting NAME; rec_decisions, exposure_events or
                interaction_events ID.
                """)
        @Argument(help: "What it is: interaction, author, recommendation, suppression, setting, or a table of evidence.") var kind: String
        @Argument(help: "Its id or name, as the report shows it.") var id: String
        @Argument(help: "Of an interaction: favorite, boost (or reblog), reply, bookmark or view.") var type: String?
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let row = try row()
            try await withInstallation(flags) { installation in
                let removed = try await installation.rights.remove(row, of: who.alias(in: installation))
                if !removed.isEmpty { _ = try await installation.scrub() }
                Output.removed(removed, json: json)
            }
        }

        private func row() throws -> PersonalRow {
            if kind == "interaction" {
                guard let kind = type.flatMap({ InteractionKind(documented: $0) }) else {
                    throw Failure("an interaction needs its type: favorite, boost (or reblog), reply, bookmark or view", .usage)
                }
                return .interaction(kind, postID: id)
            }
            guard type == nil else { throw Failure("only an interaction has a type", .usage) }
            switch kind {
            case "author":
                guard AliasID(hex: id) != nil else { throw Failure("an author's id is 64 hex digits", .usage) }
                return .author(id: id)
            case "recommendation": return .recommendation(id: try number())
            case "suppression": return .suppression(try Suppression.Subject(argument: id))
            case "setting": return .setting(name: id)
            default:
                guard let table = PersonalRow.Evidence(rawValue: kind) else {
                    throw Failure("a row is an interaction, author, recommendation, suppression, setting, \(PersonalRow.Evidence.allCases.map(\.rawValue).joined(separator: ", "))", .usage)
                }
                return .evidence(table, id: try number())
            }
        }

        private func number() throws -> Int64 {
            guard let number = Int64(id), number > 0 else { throw Failure("its id is a number, as the report shows it", .usage) }
            return number
        }
    }

    struct Forget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget what a person did and was shown in the last hour.",
            discussion: """
                Example: printf %s "$TOKEN" | sheltie privacy forget --token-stdin
                Rather too much goes than too little: what is kept as its hour or day goes with it.
                """)
        @OptionGroup var who: WhoFlags
        @Option(help: "Hours, 1 to 24.") var hours = 1
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags) { installation in
                let removed = try await installation.rights.forget(hours: hours, of: who.alias(in: installation))
                if !removed.isEmpty { _ = try await installation.scrub() }
                Output.removed(removed, json: json)
            }
        }
    }
}

/// What a person wants less of.
struct SuppressionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suppressions", abstract: "What a person wants less of: an author, or a reason.", subcommands: [List.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is held back.", discussion: "Example: printf %s \"$TOKEN\" | sheltie suppressions list --token-stdin")
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags, role: .inspect) { installation in
                let table = try await installation.rights.rows(of: "suppressions", about: who.alias(in: installation))
                if json {
                    Output.json { table.write(to: &$0) }
                } else if table.rows.isEmpty {
                    Output.line("Nothing is held back.")
                } else {
                    Output.table(table.columns, table.rows.map { $0.map { $0 ?? "-" } })
                }
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold an author or a reason back.",
            discussion: "Example: sheltie suppressions add reason:popular --alias $ALIAS")
        @Argument(help: "author:AUTHOR_ID, as the report shows it, or reason:CODE.") var subject: String
        @Option(help: "Its end, as 2027-01-31T10:30:00Z; without one the level's own.") var until: String?
        @OptionGroup var who: WhoFlags
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let subject = try Suppression.Subject(argument: subject)
            let until = try until.map { text in
                guard let time = Instant(iso8601: text) else { throw RightsError.badTime }
                return time
            }
            try await withInstallation(flags) { installation in
                try await installation.rights.suppress(subject, until: until, of: who.alias(in: installation))
                Output.line("Held back.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "No longer hold an author or a reason back.",
            discussion: "Example: sheltie suppressions remove reason:popular --alias $ALIAS")
        @Argument(help: "author:AUTHOR_ID or reason:CODE.") var subject: String
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let subject = try Suppression.Subject(argument: subject)
            try await withInstallation(flags) { installation in
                Output.removed(try await installation.rights.remove(.suppression(subject), of: who.alias(in: installation)), json: json)
            }
        }
    }
}

extension Suppression.Subject {
    fileprivate init(argument: String) throws {
        let parts = argument.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let subject = Suppression.Subject(kind: String(parts[0]), subject: String(parts[1])) else {
            throw Failure("what is held back is author:AUTHOR_ID (64 hex digits) or reason:CODE", .usage)
        }
        self = subject
    }
}
