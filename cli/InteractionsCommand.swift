import ArgumentParser
import Fediverse
import SheltieKit

struct InteractionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interactions", abstract: "What a person did with posts, as far as their level keeps it.",
        subcommands: [List.self, Add.self, Export.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A person's kept acts, newest first.",
            discussion: "Example: sheltie interactions list --alias $ALIAS --limit 20")
        @OptionGroup var who: LocalWhoFlags
        @Option(help: "The most rows, 1 to 100000.") var limit = 50
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try checkLimit(limit)
            try await withLocal(flags, access: .look) { service, _ in
                let acts = try await service.interactionHistory(of: who.alias(in: service, flags), limit: limit)
                if json {
                    Output.interactions(acts)
                } else if acts.isEmpty {
                    Output.line("Nothing is kept.")
                } else {
                    Output.table(
                        ["when", "what", "post", "context"], acts.map { [$0.timestamp, $0.interactionType, $0.postID, $0.context ?? "-"] })
                }
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record an act, as far as the person's level keeps it.",
            discussion: "Example: sheltie interactions add --alias $ALIAS --post post_456 --type favorite")
        @OptionGroup var who: LocalWhoFlags
        @Option(help: "The post's id.") var post: String
        @Option(help: "favorite, boost (or reblog), reply, bookmark or view.") var type: String
        @Option(help: "A JSON object; source, position and reason are kept, at FULL.") var context: String?
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let members = try context.map { text in
                do { return try [String: ContextValue](json: text) } catch {
                    throw Failure("the context is no JSON object: \(error)", .badData)
                }
            }
            try await withLocal(flags, access: .change) { service, _ in
                let kept = try await service.recordInteraction(
                    alias: who.alias(in: service, flags), postID: post, interactionType: type, context: members ?? [:])
                if json {
                    Output.json { $0.object { $0.member("kept", kept) } }
                } else {
                    Output.line(kept ? "Recorded." : "Not kept: the person's privacy level does not allow it.")
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "All of a person's kept acts, as a JSON array.",
            discussion: "Example: sheltie interactions export --alias $ALIAS > acts.json")
        @OptionGroup var who: LocalWhoFlags
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withLocal(flags, access: .look) { service, _ in
                Output.interactions(try await service.interactionHistory(of: who.alias(in: service, flags), limit: .max))
            }
        }
    }
}

func checkLimit(_ limit: Int) throws {
    guard (1...100_000).contains(limit) else { throw Failure("--limit must be a number from 1 to 100000", .usage) }
}

extension Output {
    static func interactions(_ acts: [UserInteraction]) {
        json { writer in writer.array { for act in acts { act.write(to: &$0) } } }
    }
}
