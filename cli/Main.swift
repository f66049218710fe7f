import ArgumentParser
import CLinux

@main
struct Sheltie: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sheltie",
        abstract: "A timeline proxy for the fediverse that recommends without knowing who you are.",
        discussion: """
            Try it:        sheltie demo
            Run it:        sheltie key create && sheltie serve --upstream https://social.example
            Choose a level: printf %s "$TOKEN" | sheltie privacy set --level FULL --token-stdin
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Service:", subcommands: [ServeCommand.self, DemoCommand.self, IngestCommand.self]),
            CommandGroup(
                name: "People:",
                subcommands: [PrivacyCommand.self, PreferencesCommand.self, InteractionsCommand.self, RecommendationsCommand.self]),
            CommandGroup(
                name: "Operation:", subcommands: [SetupCommand.self, KeyCommand.self, DatabaseCommand.self, PostsCommand.self, AuthorsCommand.self, ConfigCommand.self]),
            CommandGroup(name: "Documented Corgi names:", subcommands: CorgiNames.all),
        ])

    /// Errors end here, each as one line and the code that sysexits.h gives its kind.
    static func main() async {
        clinux_keep_freed_memory()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.exit(with: error)
        }
    }
}

enum Version {
    static let text = "0.1.0"
}
