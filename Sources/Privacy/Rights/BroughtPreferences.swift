public import Fediverse

/// What a person takes along to another installation: settings, suppressions, and authors where these can be known again.
public struct BroughtPreferences: Sendable, Equatable {
    public struct Author: Sendable, Equatable {
        public var authorID: String
        /// 0 to 1, as it was at `lastAt`.
        public var score: Double
        /// The acts behind it.
        public var count: Int
        public var lastAt: Instant
    }

    public var settings: [Setting] = []
    public var suppressions: [Suppression] = []
    public var authors: [Author] = []

    public init(settings: [Setting] = [], suppressions: [Suppression] = [], authors: [Author] = []) {
        self.settings = settings
        self.suppressions = suppressions
        self.authors = authors
    }

    /// Every author that it names.
    public var authorIDs: [String] {
        authors.map(\.authorID) + suppressions.compactMap { if case .author(let id) = $0.subject { id } else { nil } }
    }
}

extension PrivacyPolicy {
    /// What has been brought along, in the form in which this level would have kept it: what is past its time is left out, and at LIMITED
    /// the authors, whose step may come from the last 14 days' rows alone.
    public func permit(brought: BroughtPreferences, for viewer: Viewer, at now: Instant) -> Permitted<BroughtPreferences>? {
        guard viewer.level != .none, let key = viewer.key else { return nil }
        var kept = BroughtPreferences()
        kept.settings = brought.settings.compactMap { permit(setting: $0, for: viewer)?.record }
        kept.suppressions = brought.suppressions.compactMap { suppression in
            guard let permitted = permit(suppression: suppression, for: viewer)?.record else { return nil }
            let end = keeping.form(of: .suppression, at: viewer.level)?.age.map { permitted.setAt + $0 }
            return [permitted.until, end].allSatisfy { $0.map { now < $0 } ?? true } ? permitted : nil
        }
        if let form = keeping.form(of: .authorPreference, at: viewer.level), form.parts.contains(.score) {
            kept.authors = brought.authors.compactMap { author in
                var author = author
                author.lastAt = form.precision?.cut(author.lastAt) ?? author.lastAt
                let left = AuthorAffinity.faded(AuthorAffinity.activity(score: author.score), after: now - author.lastAt)
                return AuthorAffinity.score(activity: left) >= AuthorAffinity.fadedScore ? author : nil
            }
            if let limit = form.limit { kept.authors = Array(kept.authors.sorted { $0.score > $1.score }.prefix(limit)) }
        }
        return Permitted(kept, of: viewer, key: key)
    }
}
