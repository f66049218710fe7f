import ArgumentParser
import Fediverse
import Glibc
import Privacy
import SheltieKit
import Store

struct SetupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup", abstract: "Make what is missing: the key, the database, the instance's place in it.",
        discussion: """
            Example: sheltie setup --seed
            Run again it changes nothing. --seed adds invented posts and people to try things with; leave it out before real readers come.
            """)
    @Flag(help: "Empty the database first, for good. The key stays.") var reset = false
    @Flag(help: "Add invented posts and people, the same each time.") var seed = false
    @Flag(help: "As JSON.") var json = false
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let settings = try await Settings.load(flags)
        let keyFile = settings.text("keyFile")
        let madeKey = access(keyFile, F_OK) != 0
        if madeKey { _ = try KeyRing.create(at: keyFile) }
        if reset { try await Self.empty(settings) }
        try await withLocal(flags, access: .change) { service, _ in
            let seeded = seed ? try await Seed(service: service, now: Clock.now()).sow() : nil
            let info = try await service.storage.info()
            if json {
                Output.json { writer in
                    writer.object {
                        $0.member("key_id", service.keyID)
                        $0.member("key_made", madeKey)
                        $0.member("instance", service.instance)
                        $0.member("schema_version", info.schemaVersion)
                        $0.key("seeded")
                        if let seeded { seeded.write(to: &$0) } else { $0.null() }
                    }
                }
            } else {
                Output.line("Key \(service.keyID) \(madeKey ? "was made" : "is") in \(keyFile).")
                Output.line("The database is ready for \(service.instance), schema version \(info.schemaVersion).")
                if let seeded { Output.seeded(seeded) }
            }
        }
    }

    /// Only after the key has been read: a wrong one must not cost the data.
    private static func empty(_ settings: Settings) async throws {
        _ = try KeyRing.load(path: settings.text("keyFile"))
        let storage = try await Installation.storage(settings, role: .alone)
        do {
            if try await !storage.wipe() { Output.note("Another process keeps its log open; old bytes go when it ends.") }
        } catch {
            await storage.shutdown()
            throw error
        }
        await storage.shutdown()
    }
}

extension Output {
    static func seeded(_ seeded: Seed.Sown) {
        line("\(seeded.posts) invented posts and \(seeded.people.count) invented people are in it:")
        line()
        table(["alias", "level", "acts kept"], seeded.people.map { [$0.alias.hex, $0.level.rawValue, String($0.acts)] })
        if let first = seeded.people.first {
            line()
            line("Try: sheltie view_recommendations --alias \(first.alias.hex)")
        }
    }
}

extension Seed.Sown {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("posts", posts)
            $0.member("people") {
                $0.array {
                    for person in people {
                        $0.object {
                            $0.member("alias", person.alias.hex)
                            $0.member("level", person.level.rawValue)
                            $0.member("acts", person.acts)
                        }
                    }
                }
            }
        }
    }
}
