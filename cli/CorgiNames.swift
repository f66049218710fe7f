import ArgumentParser
import Fediverse
import Glibc
import Privacy
import SheltieKit
import Store

/// The commands under the names that Corgi's documentation gives them, with its flags: each is one of ours.
enum CorgiNames {
    static let all: [any ParsableCommand.Type] = [
        SeedUsers.self, ViewInteractions.self, ViewRecommendations.self, DatabaseInfo.self, ViewPrivacy.self, UpdatePrivacy.self,
        ImportPosts.self, AddInteraction.self, WipeDatabase.self, MigrateCommand.self,
    ]

    struct SeedUsers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "seed_users", abstract: "Add the invented people, and the posts they act on: 'setup --seed'.",
            discussion: "Example: sheltie seed_users")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withLocal(flags, access: .change) { service, _ in
                let seeded = try await Seed(service: service, now: Clock.now()).sow()
                if json { Output.json { seeded.write(to: &$0) } } else { Output.seeded(seeded) }
            }
        }
    }

    struct ViewInteractions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view_interactions", abstract: "A person's kept acts: 'interactions list'.",
            discussion: "Example: sheltie view_interactions --alias $ALIAS --limit 20")
        @OptionGroup var list: InteractionsCommand.List

        func run() async throws { try await list.run() }
    }

    struct ViewRecommendations: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view_recommendations", abstract: "Recommendations for a person or anybody: 'recommendations list'.",
            discussion: "Example: sheltie view_recommendations --cold-start --limit 5")
        @OptionGroup var list: RecommendationsCommand.List

        func run() async throws { try await list.run() }
    }

    struct DatabaseInfo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "db_info", abstract: "The database as JSON: db_type, tables, table_counts, in_memory, url.",
            discussion: "Example: sheltie db_info")
        @Flag(help: "As JSON, which it is anyway.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withStorage(flags, role: .inspect) { storage, settings in
                let info = try await storage.info()
                let location = try StoreLocation(parsing: settings.text("database"))
                Output.json { writer in
                    writer.object {
                        $0.member("db_type", location.engine)
                        $0.member("tables") { $0.array { for table in info.tables { $0.string(table.name) } } }
                        $0.member("table_counts") { $0.object { for table in info.tables { $0.member(table.name, table.rows) } } }
                        $0.member("in_memory", false)
                        $0.member("url", location.shown)
                    }
                }
            }
        }
    }

    struct ViewPrivacy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view_privacy", abstract: "Everything that is stored about a person: 'privacy report'.",
            discussion: "Example: sheltie view_privacy --alias $ALIAS")
        @OptionGroup var who: LocalWhoFlags
        @Flag(help: "As JSON, with a schema version.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withLocal(flags, access: .look) { service, _ in
                let report = try await service.privacyReport(of: who.alias(in: service, flags))
                print(json ? report.json : report.text)
            }
        }
    }

    struct UpdatePrivacy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "update_privacy", abstract: "Set a person's level: 'privacy set'.",
            discussion: "Example: sheltie update_privacy --alias $ALIAS --level LIMITED")
        @OptionGroup var who: LocalWhoFlags
        @Option(help: "NONE, LIMITED or FULL.") var level: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let level = try PrivacyLevel(argument: level)
            try await withLocal(flags, access: .change) { service, _ in
                let change = try await service.setLevel(level, of: who.alias(in: service, flags))
                Output.levelChange(change, json: json)
            }
        }
    }

    struct ImportPosts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import_posts", abstract: "Store posts from a JSON file: 'posts import'.",
            discussion: "Example: sheltie import_posts --file posts.json")
        @Option(help: "The file: an array of posts, or {\"posts\": […]}.") var file: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws { try await PostsCommand.importPosts(from: file, json: json, flags) }
    }

    struct AddInteraction: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add_interaction", abstract: "Record an act: 'interactions add'.",
            discussion: "Example: sheltie add_interaction --alias $ALIAS --post post_456 --type favorite")
        @OptionGroup var add: InteractionsCommand.Add

        func run() async throws { try await add.run() }
    }

    struct WipeDatabase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "wipe_database", abstract: "Empty the database: 'db wipe'.", discussion: "Example: sheltie wipe_database --confirm")
        @Flag(help: "Yes, all of it; there is no way back.") var confirm = false
        @OptionGroup var flags: SettingFlags

        func run() async throws { try await DatabaseCommand.wipe(flags, confirmed: confirm) }
    }
}

extension StoreLocation {
    /// The engine's name as the documentation has it.
    var engine: String {
        switch self {
        case .sqlite: "sqlite"
        case .postgres: "postgresql"
        }
    }

    /// The address without its password.
    var shown: String {
        switch self {
        case .sqlite(let path): return "sqlite:///" + path
        case .postgres(let url):
            guard let schemeEnd = url.firstRange(of: "://")?.upperBound else { return url }
            let authority = url[schemeEnd...].prefix { $0 != "/" && $0 != "?" }
            guard let at = authority.lastIndex(of: "@") else { return String(url.prefix { $0 != "?" }) }
            let user = authority[..<at].prefix { $0 != ":" }
            return String(url[..<schemeEnd] + user + url[at...].prefix { $0 != "?" })
        }
    }
}

extension Output {
    static func levelChange(_ change: LevelChange, json: Bool) {
        if json {
            Output.json { writer in
                writer.object {
                    $0.member("level", change.viewer.level.rawValue)
                    $0.member("rows_before") { counts(change.before, in: &$0) }
                    $0.member("rows_after") { counts(change.after, in: &$0) }
                }
            }
        } else {
            line("The level is \(change.viewer.level.rawValue).")
            for table in change.before.keys.sorted() where change.before[table] != change.after[table] {
                line("  \(table): \(change.before[table] ?? 0) rows before, \(change.after[table] ?? 0) now")
            }
        }
    }
}
