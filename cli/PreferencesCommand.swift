import ArgumentParser
import Fediverse
import Privacy
import Recommender
import Store

struct PreferencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preferences", abstract: "A person's own settings: how home is served, how recommendations are marked.",
        subcommands: [Show.self, Set.self])

    /// A setting that a person may have, with what it may say.
    struct Known: Sendable {
        let name: String
        let sentence: String
        let allows: @Sendable (String) -> Bool

        init(_ name: String, _ sentence: String, allows: @escaping @Sendable (String) -> Bool) {
            self.name = name
            self.sentence = sentence
            self.allows = allows
        }

        init(_ name: String, _ sentence: String, _ words: [String]) {
            self.init(name, sentence + ": " + words.joined(separator: ", ")) { words.contains($0) }
        }
    }

    static let names: [Known] =
        [
            Known("mode", "recommendations in home, or not", ["blend", "off"]),
            Known("label", "seen in every client, collapsed, for programs only, or none", ["reblog", "filtered", "json", "off"]),
            Known("language", "the language of reasons", ["en", "de", "fr", "es", "ja"]),
            Known("languages", "languages that may be recommended, as en,de; und admits posts that do not say theirs") {
                !$0.isEmpty && $0.utf8.count <= 200
            },
            Known("preset", "what counts most", ["balanced", "people", "topics", "popular", "newest"]),
            Known("policy", "how recommendations are ranked", ["blend-v1", "corgi-v1", "chronological"]),
        ]
        + ReasonCode.allCases.map { reason in
            Known("weight." + reason.rawValue, "how much this reason counts, -2 to 2; 1 is usual, 0 never", allows: isWeight)
        }

    @Sendable private static func isWeight(_ text: String) -> Bool { Double(text).map { (-2...2).contains($0) } ?? false }

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
                guard try await installation.storage.preferences.set(permitted) else {
                    throw Failure("nothing was set: the person's level has changed just now; try again", .tryAgain)
                }
                Output.line(value.map { "\(name) is \($0)." } ?? "\(name) is back to its default.")
            }
        }
    }
}
