import ArgumentParser
import Fediverse
import Privacy

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The master key, from which every alias is made.", subcommands: [Create.self, Status.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new key file, mode 0600. Never overwrites one.",
            discussion: "Example: sheltie key create --key-file /etc/sheltie/key\nKeep a copy where no database backup lies: without it every alias is lost, with both every alias can be tried.")
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let path = try await Settings.load(flags).text("keyFile")
            let key = try MasterKey.create(at: path)
            Output.line("Key \(key.keyID) is in \(path).")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which key this is, and whether it may be used.", discussion: "Example: sheltie key status --json")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let path = try await Settings.load(flags).text("keyFile")
            let key = try MasterKey.load(path: path)
            if json {
                Output.json { $0.object { $0.member("key_id", key.keyID) } }
            } else {
                Output.line("Key \(key.keyID) in \(path) is well.")
            }
        }
    }
}
