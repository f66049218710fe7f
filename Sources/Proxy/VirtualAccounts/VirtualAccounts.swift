import Fediverse
import Privacy
import Recommender
import Synchronization

/// The accounts behind our labels: made from a reason, and found again by the id that a client asks for.
final class VirtualAccounts: Sendable {
    private struct Key: Hashable {
        let reason: Reason
        let language: ReasonLanguage
    }

    private let pseudonymizer: Pseudonymizer
    /// Ids given out lately. What is not here is made again from the reader's own placements.
    private let given = Mutex<[String: Key]>([:])
    private let capacity = 20_000

    private struct Shown: Hashable {
        let key: Key
        let publicBase: String
    }

    /// Those that stood on pages lately, as their JSON.
    private let shown = Mutex<[Shown: (account: VirtualAccount, json: [UInt8])]>([:])
    private let shownCapacity = 1_000

    init(pseudonymizer: Pseudonymizer) { self.pseudonymizer = pseudonymizer }

    func account(for reason: Reason, in language: ReasonLanguage, publicBase: String) -> VirtualAccount {
        let id = pseudonymizer.virtualAccountID(reason: reason.code.rawValue, argument: reason.argument, language: language.rawValue)
        given.withLock { given in
            if given.count >= capacity { given.removeAll(keepingCapacity: true) }
            given[id] = Key(reason: reason, language: language)
        }
        return VirtualAccount(id: id, reason: reason, language: language, links: OwnLinks(base: publicBase))
    }

    /// The account with its JSON, for a page.
    func shown(for reason: Reason, in language: ReasonLanguage, publicBase: String) -> (account: VirtualAccount, json: [UInt8]) {
        let key = Shown(key: Key(reason: reason, language: language), publicBase: publicBase)
        if let known = shown.withLock({ $0[key] }) { return known }
        let account = account(for: reason, in: language, publicBase: publicBase)
        let made = (account: account, json: account.json())
        shown.withLock { shown in
            if shown.count >= shownCapacity { shown.removeAll(keepingCapacity: true) }
            shown[key] = made
        }
        return made
    }

    /// The account with this id (or the short part of it that stands in its handle), among those given out and those that
    /// these reasons would make.
    func account(idOrShort: String, among reasons: [Reason], publicBase: String) -> VirtualAccount? {
        let known = given.withLock { given in
            given[idOrShort] ?? given.first { $0.key.dropFirst(VirtualAccount.idPrefix.count).hasPrefix(idOrShort) }?.value
        }
        if let known { return account(for: known.reason, in: known.language, publicBase: publicBase) }
        for reason in reasons {
            for language in ReasonLanguage.allCases {
                let made = account(for: reason, in: language, publicBase: publicBase)
                if made.id == idOrShort || made.short == idOrShort { return made }
            }
        }
        return nil
    }
}
