import ArgumentParser
import Fediverse
import Privacy
import SheltieKit
import Store
import Upstream

/// Whom a command is about that needs no instance: by alias, by the person's id and instance, or by their own token.
struct LocalWhoFlags: ParsableArguments {
    @OptionGroup var who: WhoFlags
    @Option(help: "The person's id at their instance, in place of --alias; it is made an alias and not kept.")
    var user: String?
    @Option(help: "The person's instance, as social.example (default: the one that is served).")
    var instance: String?

    /// - Returns: nil when nobody was named.
    func optionalAlias(in service: RecommenderService, _ flags: SettingFlags) async throws -> AliasID? {
        if let user {
            guard who.alias == nil, !who.tokenStdin else { throw Failure("give --user or one of --alias and --token-stdin", .usage) }
            return try await service.person(userID: user, instanceURL: instance)
        }
        if who.tokenStdin {
            guard who.alias == nil else { throw Failure("give --alias or --token-stdin, not both", .usage) }
            let settings = try await Settings.load(flags)
            let id = try await Installation.asking(settings) { try await WhoFlags.accountOfTokenOnStandardInput($0) }
            return try await service.person(userID: id, instanceURL: settings.instance().domain)
        }
        guard let text = who.alias else { return nil }
        guard let alias = AliasID(hex: text) else { throw Failure("an alias is 64 hex digits", .usage) }
        return alias
    }

    func alias(in service: RecommenderService, _ flags: SettingFlags) async throws -> AliasID {
        guard let alias = try await optionalAlias(in: service, flags) else {
            throw Failure("whose? give --alias, --user or --token-stdin", .usage)
        }
        return alias
    }
}

/// Runs `body` over database and key alone and closes them, whatever happens.
///
/// The instance is that of the settings, else the only one in the database, else `localhost`.
func withLocal(
    _ flags: SettingFlags, access: RecommenderService.Access, _ body: (RecommenderService, Settings) async throws -> Void
) async throws {
    let settings = try await Settings.load(flags)
    let service = try await Installation.openLocal(settings, access: access)
    do {
        try await body(service, settings)
    } catch {
        await service.close()
        throw error
    }
    await service.close()
}

extension Installation {
    /// What needs key and database but no instance.
    static func openLocal(_ settings: Settings, access: RecommenderService.Access) async throws -> RecommenderService {
        var options = RecommenderService.Options()
        options.defaultLevel = try settings.defaultLevel()
        options.candidateLimit = try settings.number("candidates")
        options.policy = try settings.choice("policy")
        options.contentDays = try settings.number("contentDays")
        options.contact = settings.text("contact").isEmpty ? nil : settings.text("contact")
        options.keyRecords = settings.keyRecords
        options.version = Version.text
        return try await RecommenderService.open(
            database: settings.text("database"), keyFile: settings.text("keyFile"),
            instance: settings.text("upstream").isEmpty ? nil : settings.instance().domain, access: access, options: options, clock: Clock.now)
    }
}
