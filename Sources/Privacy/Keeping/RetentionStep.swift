public import Fediverse

/// One thing that the anonymizer does: what, at which level, older than what.
public struct RetentionStep: Sendable, Hashable {
    public enum What: String, Sendable, CaseIterable {
        case interactions, views, recommendationLogs = "recommendation-logs", suppressions, fadedPreferences = "faded-preferences"
        case unseenAliases = "unseen-aliases", postContent = "post-content", posts, stubs, sharedAggregates = "shared-aggregates"
        case ledgerTags = "ledger-tags", jobRuns = "job-runs", evidence
        /// Keys whose time is over, with everybody who is still known by one of them.
        case endedKeys = "ended-keys"
    }

    public var what: What
    /// nil for what is not about a person's level.
    public var level: PrivacyLevel?
    /// Rows older than this go.
    public var age: Instant.Span

    public init(what: What, level: PrivacyLevel?, age: Instant.Span) {
        self.what = what
        self.level = level
        self.age = age
    }
}
