import ArgumentParser
import Fediverse
import SheltieKit

struct RecommendationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recommendations", abstract: "What a person would be recommended, and why.", subcommands: [List.self, Explain.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recommendations for a person, or for anybody, best first.",
            discussion: """
                Example: sheltie recommendations list --alias $ALIAS --limit 5 --no-log
                Without --no-log they count as shown and do not come again for a week (at level NONE nothing is written).
                """)
        @OptionGroup var who: LocalWhoFlags
        @Flag(help: "For somebody of whom nothing is known.") var coldStart = false
        @Option(help: "With --cold-start: the posts' language, as en (default: all).") var language: String?
        @Option(help: "The most posts, 1 to 500.") var limit = 10
        @Flag(help: "Do not write them to the person's log.") var noLog = false
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            guard (1...500).contains(limit) else { throw Failure("--limit must be a number from 1 to 500", .usage) }
            try await withLocal(flags, access: coldStart || noLog ? .look : .change) { service, _ in
                let alias = try await who.optionalAlias(in: service, flags)
                let posts: [RecommendedPost]
                switch (alias, coldStart) {
                case (let alias?, false): posts = try await service.recommendations(for: alias, limit: limit, logResults: !noLog)
                case (nil, true): posts = try await service.getStarterRecommendations(limit: limit, language: language)
                case (nil, false): throw Failure("for whom? give --alias, --user, --token-stdin or --cold-start", .usage)
                case (_?, true): throw Failure("give a person or --cold-start, not both", .usage)
                }
                if json {
                    Output.json { writer in writer.array { for post in posts { post.write(to: &$0) } } }
                } else if posts.isEmpty {
                    Output.line("There is nothing to recommend now.")
                } else {
                    Output.table(
                        ["#", "post", "score", "why", "text"],
                        posts.enumerated().map { place, given in
                            [String(place + 1), given.post.postID, Output.rounded(given.score), given.reasonText, Output.start(of: given.post.content)]
                        })
                }
            }
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Why a post is recommended to a person, or why not. Writes nothing.",
            discussion: "Example: sheltie recommendations explain post_456 --alias $ALIAS")
        @Argument(help: "The post's id.") var post: String
        @OptionGroup var who: LocalWhoFlags
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withLocal(flags, access: .look) { service, _ in
                let explanation = try await service.explain(post, for: who.alias(in: service, flags))
                if json { Output.json { explanation.write(to: &$0) } } else { print(explanation) }
            }
        }

        private func print(_ explanation: RecommendationExplanation) {
            if let place = explanation.place, let given = explanation.recommended {
                Output.line("\(explanation.postID) stands at place \(place): \(given.reasonText)")
                Output.line()
                Output.table(["term", "adds"], given.contributions.map { [$0.name, Output.rounded($0.value)] } + [["score", Output.rounded(given.score)]])
            } else {
                Output.line("\(explanation.postID) is not recommended. \(explanation.obstacle ?? "")")
            }
            for shown in explanation.shown { Output.line("Shown \(shown.at), because: \(shown.reason)") }
        }
    }
}

extension RecommendationExplanation {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("post_id", postID)
            $0.key("place")
            if let place { $0.integer(place) } else { $0.null() }
            $0.key("recommendation")
            if let recommended { recommended.write(to: &$0) } else { $0.null() }
            $0.member("obstacle", obstacle)
            $0.member("shown") {
                $0.array {
                    for shown in shown {
                        $0.object {
                            $0.member("at", shown.at)
                            $0.member("reason", shown.reason)
                        }
                    }
                }
            }
        }
    }
}

extension Output {
    /// Three decimals.
    static func rounded(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e12 else { return "\(number)" }
        let thousandths = Int((abs(number) * 1_000).rounded())
        let digits = String(thousandths % 1_000)
        return (number < 0 && thousandths > 0 ? "-" : "") + "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// The first words of a text, in one line that cannot steer a terminal.
    static func start(of text: String?) -> String {
        let calm = (text ?? "").unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " "
            default: scalar
            }
        }
        let line = String(String.UnicodeScalarView(calm))
        return line.count > 60 ? line.prefix(59) + "…" : line
    }
}
