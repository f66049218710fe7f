import ArgumentParser
import Fediverse
import Privacy

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "The settings in force.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every setting, its value and where it came from; refuse what is wrong.",
            discussion: "Example: sheltie config check --upstream https://social.example")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let settings = try await Settings.load(flags)
            _ = try settings.consentPolicy()
            _ = try settings.defaultLevel()
            _ = try settings.listenAddress()
            if !settings.text("upstream").isEmpty { _ = try settings.instance() }
            let rows = SettingName.all.map { name -> [String] in
                let value = settings.values[name.key]
                return [name.flag, name.secret ? "(secret)" : value?.text ?? "", value?.origin.rawValue ?? "", name.environment]
            }
            if json {
                Output.json { writer in
                    writer.object {
                        for row in rows {
                            $0.member(row[0]) {
                                $0.object {
                                    $0.member("value", row[1])
                                    $0.member("from", row[2])
                                }
                            }
                        }
                    }
                }
            } else {
                Output.table(["setting", "value", "from", "environment"], rows)
            }
        }
    }
}
