import ArgumentParser
import Fediverse
import Privacy
import Recommender
import Store

struct PreferencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preferences", abstract: "A person's own settings: how home is served, how recommendations are marked.",
        subcommands: [Show.self, Set.self])

    /// Every setting that a person may have, with what it may say.
    static let names: [(name: String, sentence: String, allows: @Sendable (String) -> Bool)] = [
        ("mode", "blend (recommendations in home) or off", { ["blend", "off"].contains($0) }),
        ("label", "reblog (seen in every client), filtered (collapsed), json (programs only) or off",
         { ["reblog", "filtered", "json", "off"].contains($0) }),
        ("language", "the language of reasons: en, de, fr, es or ja", { ["en", "de", "fr", "es", "ja"].contains($0) }),
        ("languages", "languages that may be recommended, as en,de; und admits posts that do not say theirs", { !$0.isEmpty && $0.utf8.count <= 200 }),
        ("preset", "balanced, people, topics, popular or newest", { ["balanced", "people", "topics", "popular", "newest"].contains($0) }),
        ("policy", "blend-v1, corgi-v1 or chronological", { ["blend-v1", "corgi-v1", "chronological"].contains($0) }),
    ] + ReasonCode.allCases.map { ("weight." + $0.rawValue, "how much this reason counts, -2 to 2; 1 is usual, 0 never", isWeight) }

    @Sendable private static func isWeight(_ text: String) -> Bool { Double(text).map { (-2...2).contains($0) } ?? false }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The person's settings.", discussion: "Example: printf %s \"$TOKEN\" | sheltie preferences show --token-stdin")
        @OptionGroup var who: WhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags) { installation in
                let viewer = try await installation.storage.people.viewer(who.alias(in: installation), in: installation.tenant)
                let settings = try await installation.storage.preferences.settings(of: viewer)
                if json {
                    Output.json { writer in writer.object { for name in settings.keys.sorted() { $0.member(name, settings[name]) } } }
                } else {
                    Output.table(["setting", "value", "what it may say"], names.map { [$0.name, settings[$0.name] ?? "(default)", $0.sentence] })
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
            guard let known = names.first(where: { $0.name == name }) else {
                throw Failure("'\(name)' is no setting; they are \(names.map(\.name).joined(separator: ", "))", .usage)
            }
            if let value, !known.allows(value) { throw Failure("\(name) may say: \(known.sentence)", .usage) }
            try await withInstallation(flags) { installation in
                let viewer = try await installation.storage.people.viewer(who.alias(in: installation), in: installation.tenant)
                guard let permitted = PrivacyPolicy().permit(setting: Setting(name: name, value: value), for: viewer) else {
                    throw Failure("at level NONE nothing is kept, settings neither; choose a level with 'sheltie privacy set'", .notPermitted)
                }
                try await installation.storage.preferences.set(permitted)
                Output.line(value.map { "\(name) is \($0)." } ?? "\(name) is back to its default.")
            }
        }
    }
}
