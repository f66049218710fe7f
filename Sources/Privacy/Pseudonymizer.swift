import OpenSSL

/// From an account to an alias, and from an author to a key: the only way in, and none back.
///
/// Any number of threads may use it at once.
public final class Pseudonymizer: Sendable {
    /// Which master key made the aliases: stands beside each alias in the database.
    public let keyID: String
    private let alias: HMACKey
    private let author: HMACKey
    private let ledger: HMACKey
    private let virtualAccount: HMACKey

    public init(_ master: MasterKey) {
        keyID = master.keyID
        alias = master.key(for: .alias)
        author = master.key(for: .author)
        ledger = master.key(for: .erasureLedger)
        virtualAccount = master.key(for: .virtualAccount)
    }

    /// The alias of a person at an instance.
    ///
    /// HMAC-SHA256 of `"alias/v1" 0x00 len(domain) domain len(id) id`; the lengths are two bytes, the larger first. They keep
    /// (`a.b`, `c1`) and (`a.bc`, `1`) apart.
    ///
    /// - Parameters:
    ///   - domain: the tenant's instance in its canonical form (`InstanceHost`): lower case, A-labels, a port only where
    ///     it is not 443. From the settings, never from a client.
    ///   - accountID: the `id` that the instance gives for the person's token: 1 to 64 of `A-Z a-z 0-9 _ -`, case kept.
    public func alias(domain: String, accountID: String) throws(PseudonymError) -> AliasID {
        AliasID(try PseudonymMessage.withAliasMessage(domain: domain, accountID: accountID) { alias.code(ofBytes: $0) })
    }

    /// 64 hex digits for an author's canonical uri: what stands for them in every table, the opt-out list included.
    public func authorID(uri: String) -> String { author.code(of: uri.utf8).hex }

    /// 64 hex digits by which a restored backup knows that this alias was erased.
    public func ledgerTag(_ alias: AliasID) -> String { ledger.code(of: alias.hex.utf8).hex }

    /// The account id under which a reason is shown in a timeline: one for each reason text, reproducible, of letters and
    /// digits only, and telling nobody else which author or hashtag the argument names.
    public func virtualAccountID(reason: String, argument: String?, language: String) -> String {
        let message = PseudonymMessage.joined([reason, argument ?? "", language])
        return "sheltie" + Base32.encode(virtualAccount.code(of: message).bytes, characters: 20)
    }

    /// 64 hex digits: SHA-256 of the tenant's host, a zero byte and the status's canonical uri. Not keyed: it stands for
    /// what is public.
    public static func postID(host: String, uri: String) -> String {
        SHA256.digest(of: Array(host.utf8) + [0] + Array(uri.utf8)).hex
    }
}

/// What cannot be an alias's source. The texts do not repeat it.
public enum PseudonymError: Error, Equatable, CustomStringConvertible {
    case domainNotCanonical
    case accountIDRefused

    public var description: String {
        switch self {
        case .domainNotCanonical: "An instance's host is not in its canonical form: lower case, 1 to 259 bytes, a port only if not 443."
        case .accountIDRefused: "An instance gave an account id that is not 1 to 64 letters, digits, _ or -."
        }
    }
}
