import ArgumentParser
import Fediverse
import Privacy
import Store
import Recommender

struct PreferencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preferences", abstract: "A person's own settings: how home is served, how recommendations are marked.",
        subcommands: [Show.self, Set.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The person's settings.", discussion: "Example: printf %s \"$TOKEN\" | sheltie preferences show --token-stdin")
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags, role: .inspect) { installation in
                let viewer = try await installation.storage.people.viewer(who.alias(in: installation), in: installation.tenant)
                let settings = try await installation.storage.preferences.settings(of: viewer)
                if json {
                    Output.json { writer in writer.object { for name in settings.keys.sorted() { $0.member(name, settings[name]) } } }
                } else {
                    Output.table(["setting", "value", "what it may say"], KnownSetting.all.map { [$0.name, settings[$0.name] ?? "(default)", $0.sentence] })
                }
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set one, or with no value go back to the default.",
            discussion: "Example: printf %s \"$TOKEN\" | sheltie preferences set label reblog --token-stdin")
        @Argument(help: "The setting's name; 'preferences show' lists them.") var name: String
        @Argument(help: "Its value; nothing goes back to the default.") var value: String?
        @OptionGroup var who: WhoFlags
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags) { installation in
                try await installation.rights.set(name, to: value, of: who.alias(in: installation))
                Output.line(value.map { "\(name) is \($0)." } ?? "\(name) is back to its default.")
            }
        }
    }
}
