import ArgumentParser
import Configuration
import Fediverse
import Glibc
import Jobs
import Privacy
import Recommender
import Store
import Upstream

/// The flags of every command that needs the installation's settings. A flag beats the environment, which beats the file.
struct SettingFlags: ParsableArguments {
    @Option(help: "The YAML file with settings (default: ./sheltie.yaml where it is there).")
    var config: String?
    @Option(help: ArgumentHelp(SettingName.sentence("upstream")))
    var upstream: [String] = []
    @Option(help: ArgumentHelp(SettingName.sentence("database")))
    var database: String?
    @Option(help: ArgumentHelp(SettingName.sentence("databaseReplica")))
    var databaseReplica: String?
    @Option(help: ArgumentHelp(SettingName.sentence("keyFile")))
    var keyFile: String?
    @Option(help: ArgumentHelp(SettingName.sentence("keyRecords")))
    var keyRecords: String?
    @Option(help: ArgumentHelp(SettingName.sentence("listen")))
    var listen: String?
    @Option(help: ArgumentHelp(SettingName.sentence("publicUrl")))
    var publicUrl: String?
    @Flag(help: ArgumentHelp(SettingName.sentence("tlsInFront")))
    var tlsInFront = false
    @Flag(help: ArgumentHelp(SettingName.sentence("allowLoopbackUpstream")))
    var allowLoopbackUpstream = false
    @Option(help: ArgumentHelp(SettingName.sentence("defaultLevel")))
    var defaultLevel: String?
    @Option(help: ArgumentHelp(SettingName.sentence("consent")))
    var consent: String?
    @Option(help: ArgumentHelp(SettingName.sentence("indexableUnknown")))
    var indexableUnknown: String?
    @Flag(help: ArgumentHelp(SettingName.sentence("allowGroups")))
    var allowGroups = false
    @Option(help: ArgumentHelp(SettingName.sentence("denyInstance")))
    var denyInstance: [String] = []
    @Option(help: ArgumentHelp(SettingName.sentence("contentDays")))
    var contentDays: String?
    @Option(help: ArgumentHelp(SettingName.sentence("contact")))
    var contact: String?
    @Option(help: ArgumentHelp(SettingName.sentence("ingestInterval")))
    var ingestInterval: String?
    @Option(help: ArgumentHelp(SettingName.sentence("ingestSources")))
    var ingestSources: String?
    @Option(help: ArgumentHelp(SettingName.sentence("robots")))
    var robots: String?
    @Option(help: ArgumentHelp(SettingName.sentence("sharedCounts")))
    var sharedCounts: String?
    @Option(help: ArgumentHelp(SettingName.sentence("leaseSeconds")))
    var leaseSeconds: String?
    @Option(help: ArgumentHelp(SettingName.sentence("candidates")))
    var candidates: String?
    @Option(help: ArgumentHelp(SettingName.sentence("policy")))
    var policy: String?
    @Option(help: ArgumentHelp(SettingName.sentence("recommendationsPerPage")))
    var recommendationsPerPage: String?
    @Option(help: ArgumentHelp(SettingName.sentence("decisionMilliseconds")))
    var decisionMilliseconds: String?
    @Option(help: ArgumentHelp(SettingName.sentence("requestBudget")))
    var requestBudget: String?
    @Option(help: ArgumentHelp(SettingName.sentence("stream")))
    var stream: String?
    @Option(help: ArgumentHelp(SettingName.sentence("streamTokenFile")))
    var streamTokenFile: String?
    @Option(help: ArgumentHelp(SettingName.sentence("metricsListen")))
    var metricsListen: String?
    @Option(help: ArgumentHelp(SettingName.sentence("logLevel")))
    var logLevel: String?

    /// What was given on the command line, by key.
    var given: [String: String] {
        let texts: [String: String?] = [
            "upstream": upstream.isEmpty ? nil : upstream.joined(separator: ","), "database": database,
            "databaseReplica": databaseReplica, "keyFile": keyFile, "keyRecords": keyRecords,
            "listen": listen, "publicUrl": publicUrl, "tlsInFront": tlsInFront ? "true" : nil,
            "allowLoopbackUpstream": allowLoopbackUpstream ? "true" : nil, "defaultLevel": defaultLevel, "consent": consent,
            "indexableUnknown": indexableUnknown, "allowGroups": allowGroups ? "true" : nil, "contentDays": contentDays,
            "denyInstance": denyInstance.isEmpty ? nil : denyInstance.joined(separator: ","),
            "contact": contact, "ingestInterval": ingestInterval, "ingestSources": ingestSources, "robots": robots,
            "sharedCounts": sharedCounts, "leaseSeconds": leaseSeconds,
            "candidates": candidates,
            "policy": policy, "recommendationsPerPage": recommendationsPerPage, "decisionMilliseconds": decisionMilliseconds,
            "requestBudget": requestBudget, "stream": stream, "streamTokenFile": streamTokenFile, "metricsListen": metricsListen, "logLevel": logLevel,
        ]
        return texts.compactMapValues { $0 }
    }
}

/// Every setting as a value, read once. Each comes from the first of: command line, environment, file, default.
struct Settings: Sendable {
    /// Where a value came from, for `config check`.
    enum Origin: String, Sendable { case flag = "command line", environment, file, standard = "default" }

    let values: [String: (text: String, origin: Origin)]

    static func load(_ flags: SettingFlags) async throws -> Settings {
        let environment = EnvironmentVariablesProvider()
        let path = flags.config ?? getenv("SHELTIE_CONFIG").map { String(cString: $0) }
        let file = try await SettingsFile.load(path)
        try refuseUnknown(environment: ProcessEnvironment.names(), file: file?.names ?? [])
        let fromEnvironment = ConfigReader(provider: environment.prefixKeys(with: "sheltie"))
        var values: [String: (text: String, origin: Origin)] = [:]
        for name in SettingName.all {
            if let text = flags.given[name.key] {
                values[name.key] = (text, .flag)
            } else if let text = fromEnvironment.string(forKey: ConfigKey([name.key])) {
                values[name.key] = (text, .environment)
            } else if name.key == "database", let text = ConfigReader(provider: environment).string(forKey: "corgi.db.url") {
                values[name.key] = (text, .environment)
            } else if let text = file?.value(of: name.key) {
                values[name.key] = (text, .file)
            } else {
                values[name.key] = (name.standard, .standard)
            }
        }
        return Settings(values: values)
    }

    private static func refuseUnknown(environment: [String], file: [String]) throws {
        let known = Set(SettingName.all.map(\.environment) + ["SHELTIE_CONFIG", "SHELTIE_CONFIGURATION", "SHELTIE_BINARY", "SHELTIE_TESTS", "SHELTIE_COUNTS_FILE", "SHELTIE_SAMPLES", "SHELTIE_TEST_POSTGRES"])
        if let unknown = environment.sorted().first(where: { $0.hasPrefix("SHELTIE_") && !known.contains($0) }) {
            throw Failure("\(unknown) is no setting; 'sheltie config check' lists them", .badSetting)
        }
        if let unknown = file.first(where: { name in !SettingName.all.contains { $0.key == name } }) {
            throw Failure("the settings file has '\(unknown)', which is no setting; 'sheltie config check' lists them", .badSetting)
        }
    }

    /// Settings from a program of ours, the rest at their defaults.
    init(given: [String: String]) {
        var values: [String: (text: String, origin: Origin)] = [:]
        for name in SettingName.all {
            values[name.key] = given[name.key].map { ($0, .flag) } ?? (name.standard, .standard)
        }
        self.values = values
    }

    private init(values: [String: (text: String, origin: Origin)]) { self.values = values }

    func text(_ key: String) -> String { values[key]?.text ?? "" }

    /// Beside which path the erasure ledger and the backups' keys lie.
    var keyRecords: String { text(text("keyRecords").isEmpty ? "keyFile" : "keyRecords") }

    func number(_ key: String) throws -> Int {
        let range = name(key).range ?? 0...Int.max
        guard let number = Int(text(key)), range.contains(number) else {
            throw Failure("--\(name(key).flag) must be a number from \(range.lowerBound) to \(range.upperBound)", .badSetting)
        }
        return number
    }

    func flag(_ key: String) throws -> Bool {
        switch text(key).lowercased() {
        case "true", "yes", "1", "on": return true
        case "false", "no", "0", "off", "": return false
        default: throw Failure("--\(name(key).flag) must be true or false", .badSetting)
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ key: String, as type: Value.Type = Value.self) throws -> Value
    where Value.RawValue == String {
        guard let value = Value(rawValue: text(key)) else {
            throw Failure("--\(name(key).flag) must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))", .badSetting)
        }
        return value
    }

    private func name(_ key: String) -> SettingName {
        SettingName.all.first { $0.key == key } ?? SettingName(key: key, sentence: "", standard: "")
    }
}

extension SettingName {
    static func sentence(_ key: String) -> String { all.first { $0.key == key }?.sentence ?? "" }
}
