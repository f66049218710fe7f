import ArgumentParser
import Fediverse
import Glibc
import Privacy
import Upstream

/// Which person a command is about: by their own token on standard input, or for the operator by alias. Never by a token
/// in an argument, which every user of the machine could read.
struct WhoFlags: ParsableArguments {
    @Option(help: "The alias: 64 hex digits, as the report shows it.")
    var alias: String?
    @Flag(help: "Read the person's access token from standard input.")
    var tokenStdin = false

    /// - Returns: the alias; nil when neither flag was given.
    func optionalAlias(in installation: Installation) async throws -> AliasID? {
        switch (alias, tokenStdin) {
        case (nil, false): return nil
        case (nil, true):
            let id = try await Self.accountOfTokenOnStandardInput(installation.mastodon)
            return try await installation.person(accountID: id)
        case (let text?, false):
            guard let alias = AliasID(hex: text) else { throw Failure("an alias is 64 hex digits", .usage) }
            return alias
        case (_?, true): throw Failure("give --alias or --token-stdin, not both", .usage)
        }
    }

    func alias(in installation: Installation) async throws -> AliasID {
        guard let alias = try await optionalAlias(in: installation) else {
            throw Failure("whose? give --token-stdin (the person's own token) or --alias", .usage)
        }
        return alias
    }

    /// - Returns: the person's id at the instance, which is not to be kept.
    static func accountOfTokenOnStandardInput(_ mastodon: Mastodon) async throws -> String {
        guard let token = readLine(strippingNewline: true)?.filter({ !$0.isWhitespace }), !token.isEmpty else {
            throw Failure("no token came on standard input", .noInput)
        }
        do {
            return try await mastodon.verifyCredentials(authorization: "Bearer " + token).id
        } catch UpstreamError.status(let status, _) where [401, 403, 404, 422].contains(status) {
            // Mastodon says 401; snac says 422 for a token that it does not know.
            throw Failure("the instance does not accept this token", .notPermitted)
        } catch is UpstreamError {
            throw Failure("the instance cannot be asked whose token this is; try again later", .unavailable)
        }
    }
}
