public import Fediverse
import OpenSSL

/// From an account to an alias, and from an author to a key: the only way in, and none back.
///
/// Any number of threads may use it at once.
public final class Pseudonymizer: Sendable {
    /// Which master key made the aliases: stands beside each alias in the database.
    public let keyID: String
    /// The older keys whose aliases are still known, the newest first.
    public let acceptedKeyIDs: [String]
    private let alias: HMACKey
    private let acceptedAliases: [HMACKey]
    private let author: HMACKey
    private let ledger: HMACKey
    private let acceptedLedgers: [HMACKey]
    private let virtualAccount: HMACKey
    private let authorProof: HMACKey

    public init(_ ring: KeyRing) {
        keyID = ring.active.keyID
        acceptedKeyIDs = ring.accepting.map(\.keyID)
        alias = ring.active.key(for: .alias)
        acceptedAliases = ring.accepting.map { $0.key(for: .alias) }
        author = ring.active.key(for: .author)
        ledger = ring.active.key(for: .erasureLedger)
        acceptedLedgers = ring.accepting.map { $0.key(for: .erasureLedger) }
        virtualAccount = ring.active.key(for: .virtualAccount)
        authorProof = ring.active.key(for: .authorProof)
    }

    public convenience init(_ master: MasterKey) { self.init(KeyRing(master)) }

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

    /// The aliases that the same person had under the older keys, the newest key's first.
    public func formerAliases(domain: String, accountID: String) throws(PseudonymError) -> [FormerAlias] {
        var former: [FormerAlias] = []
        for key in acceptedAliases {
            let alias = AliasID(try PseudonymMessage.withAliasMessage(domain: domain, accountID: accountID) { key.code(ofBytes: $0) })
            former.append(FormerAlias(alias: alias, ledgerTag: ledgerTag(alias)))
        }
        return former
    }

    /// 64 hex digits for an author's canonical uri: what stands for them in every table, the opt-out list included.
    public func authorID(uri: String) -> String { author.code(of: uri.utf8).hex }

    /// 64 hex digits by which a restored backup knows that this alias was erased.
    public func ledgerTag(_ alias: AliasID) -> String { ledger.code(of: alias.hex.utf8).hex }

    /// Every tag under which the ledger may have the alias: it may have been erased before the key was replaced.
    public func ledgerTags(_ alias: AliasID) -> [String] { ([ledger] + acceptedLedgers).map { $0.code(of: alias.hex.utf8).hex } }

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

    /// 64 hex digits: SHA-256 of a domain, by which instances publish what they block without naming it.
    public static func instanceDigest(_ domain: String) -> String { SHA256.digest(of: Array(domain.utf8)).hex }

    /// The code by which an author proves their account: they show it in a status or on their profile, and nothing is stored before.
    ///
    /// - Parameters:
    ///   - uri: the author's canonical address: nobody else's code is worth anything.
    ///   - action: what it asks for.
    ///   - day: days since 1970; on the next day another one is given.
    ///   - since: when what is to be taken back was asked for, so that a code is worth nothing after it was used.
    public func authorCode(uri: String, action: AuthorAction, day: Int64, since: Instant? = nil) -> String {
        let message = PseudonymMessage.joined(["author-code/v1", action.rawValue, uri, String(day), since.map { String($0.microseconds) } ?? ""])
        return "sheltie-" + action.rawValue + "-" + Base32.encode(authorProof.code(of: message).bytes, characters: 24)
    }
}

/// What an author may ask for.
public enum AuthorAction: String, Sendable, CaseIterable {
    case optOut = "opt-out"
    case optIn = "opt-in"
}

/// What a person was called before the key was replaced.
public struct FormerAlias: Sendable, Hashable {
    public let alias: AliasID
    /// 64 hex digits by which a backup from before knows, should the person be erased, that this alias was theirs.
    public let ledgerTag: String

    public init(alias: AliasID, ledgerTag: String) {
        self.alias = alias
        self.ledgerTag = ledgerTag
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
