import ArgumentParser
import Fediverse
import Store

struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "The database: look, migrate, check, back up, restore, wipe.",
        subcommands: [Info.self, Migrate.self, Check.self, Backup.self, Restore.self, Wipe.self])

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Engine, schema version, size and rows by table.", discussion: "Example: sheltie db info --json")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withStorage(flags, role: .inspect) { storage, _ in
                let info = try await storage.info()
                if json {
                    Output.json { info.write(to: &$0) }
                } else {
                    Output.line("\(info.engine), schema version \(info.schemaVersion), \(info.bytes / 1024) KiB")
                    for one in info.extensions { Output.line("extension \(one.name): \(one.state.words)") }
                    Output.line()
                    Output.table(["table", "rows"], info.tables.map { [$0.name, String($0.rows)] })
                }
            }
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the schema up to date; makes the database where there is none.", discussion: "Example: sheltie db migrate")
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withStorage(flags, role: .command) { storage, _ in
                Output.line("The schema is at version \(try await storage.info().schemaVersion).")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look for damage, row by row and key by key.", discussion: "Example: sheltie db check")
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withStorage(flags, role: .inspect) { storage, _ in
                let faults = try await storage.checkIntegrity()
                guard faults.isEmpty else { throw Failure("the database is damaged: \(faults.prefix(3).joined(separator: "; "))", .badData) }
                Output.line("The database is whole.")
            }
        }
    }

    struct Wipe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Empty every table, for good.", discussion: "Example: sheltie db wipe --confirm")
        @Flag(help: "Yes, all of it; there is no way back.") var confirm = false
        @OptionGroup var flags: SettingFlags

        func run() async throws { try await wipe(flags, confirmed: confirm) }
    }

    static func wipe(_ flags: SettingFlags, confirmed: Bool) async throws {
        guard confirmed else { throw Failure("this empties the whole database for good; say --confirm", .usage) }
        try await withStorage(flags, role: .alone) { storage, _ in
            let isClean = try await storage.wipe()
            Output.line("The database is empty.")
            if !isClean { Output.note("Another process keeps its log open; old bytes go when it ends.") }
        }
    }
}

/// Runs `body` over the database alone and closes it, whatever happens.
func withStorage(_ flags: SettingFlags, role: Storage.Role, _ body: (Storage, Settings) async throws -> Void) async throws {
    let settings = try await Settings.load(flags)
    let storage = try await Installation.storage(settings, role: role)
    do {
        try await body(storage, settings)
    } catch {
        await storage.shutdown()
        throw error
    }
    await storage.shutdown()
}

extension StoreInfo {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("db_type", engine)
            $0.member("schema_version", schemaVersion)
            $0.member("bytes", bytes)
            $0.member("in_memory", false)
            if !extensions.isEmpty {
                $0.member("extensions") {
                    $0.object {
                        for one in extensions {
                            if case .installed(let version) = one.state { $0.member(one.name, version) } else { $0.member(one.name) { $0.null() } }
                        }
                    }
                }
            }
            $0.member("tables") { $0.array { for table in tables { $0.string(table.name) } } }
            $0.member("table_counts") { $0.object { for table in tables { $0.member(table.name, table.rows) } } }
        }
    }
}

extension StoreInfo.Extension.State {
    fileprivate var words: String {
        switch self {
        case .installed(let version): version
        case .available: "on the server, not used"
        case .missing: "not on the server"
        }
    }
}
