public import Fediverse
public import Privacy
public import Recommender
public import Upstream

/// Judges what an instance shows, and gives what may be recommended the form in which it is kept.
public struct StatusIntake: Sendable {
    public enum Judgement: Sendable, Equatable {
        case kept(KeptStatus)
        /// The first of its author's own signals that says no.
        case refused(ConsentRefusal)
    }

    private let instance: Instance
    private let pseudonymizer: Pseudonymizer
    private let consent: ConsentPolicy
    private let keepsContent: Bool

    /// - Parameters:
    ///   - consent: judged with this instance's own authors as local.
    ///   - keepsContent: whether a status's plain text is kept with it.
    public init(instance: Instance, pseudonymizer: Pseudonymizer, consent: ConsentPolicy, keepsContent: Bool) {
        self.instance = instance
        self.pseudonymizer = pseudonymizer
        self.consent = consent
        self.keepsContent = keepsContent
    }

    public func judge(_ read: Status, from source: IngestSource, at now: Instant) -> Judgement {
        // A reblog is judged by what it passes on; who passed it on is not kept.
        let status = read.reblog?.status ?? read
        if let refusal = consent.refusal(of: status, at: now, isLocalAuthor: instance.isHome, authorOptedOut: { _ in false }) {
            return .refused(refusal)
        }
        return .kept(
            KeptStatus(
                postID: Pseudonymizer.postID(host: instance.domain, uri: status.uri),
                authorID: pseudonymizer.authorID(uri: status.account.uri), localID: status.id,
                content: keepsContent ? HTMLText.plain(status.content) : nil, language: status.language,
                createdAt: status.createdAt, editedAt: status.editedAt, favourites: status.favourites, reblogs: status.reblogs,
                replies: status.replies, tags: status.tags, source: source.name))
    }
}
