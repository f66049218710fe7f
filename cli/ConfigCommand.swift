import ArgumentParser
import Fediverse
import Privacy
import Recommender
import Store
import Telemetry

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
            try settings.check()
            if json {
                Output.json { writer in
                    writer.object { for name in SettingName.all { $0.member(name.flag) { settings.write(name, to: &$0) } } }
                }
            } else {
                Output.table(
                    ["setting", "value", "from", "environment"],
                    SettingName.all.map { [$0.flag, settings.shown($0), settings.origin($0), $0.environment] })
            }
        }
    }
}

extension Settings {
    /// Reads every setting as the service would, and throws at the first that is wrong.
    fileprivate func check() throws {
        if !text("upstream").isEmpty { _ = try instance() }
        _ = try StoreLocation(parsing: text("database"))
        _ = try replica()
        _ = try listenAddress()
        _ = try publicURL()
        _ = try consentPolicy()
        _ = try defaultLevel()
        _ = try choice("policy", as: RankingPolicy.self)
        _ = try choice("logLevel", as: Log.Level.self)
        _ = try ingestSources()
        _ = try metricsAddress()
        if try listensToStream() { _ = try streamToken() }
        _ = try obeysRobots()
        for name in SettingName.all where name.range != nil { _ = try number(name.key) }
    }

    fileprivate func shown(_ name: SettingName) -> String { name.secret ? "(secret)" : Self.withoutPassword(text(name.key)) }

    /// A database's address may hold one, between the user and the host or as a parameter.
    private static func withoutPassword(_ text: String) -> String {
        text.replacing(#/^(postgres(?:ql)?://[^:@/]*):[^@/]*@/#) { "\($0.1):(secret)@" }
            .replacing(#/([?&](?:ssl)?password=)[^&]*/#) { "\($0.1)(secret)" }
    }
    fileprivate func origin(_ name: SettingName) -> String { values[name.key]?.origin.rawValue ?? "" }

    fileprivate func write(_ name: SettingName, to writer: inout JSONWriter) {
        writer.object {
            $0.member("value", shown(name))
            $0.member("from", origin(name))
            $0.member("flag", "--" + name.flag)
            $0.member("environment", name.environment)
            $0.member("key", name.key)
            $0.member("default", name.standard)
            $0.member("sentence", name.sentence)
        }
    }
}
