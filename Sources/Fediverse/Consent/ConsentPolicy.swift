/// What an operator asks of an author's own signals before a status may be recommended to strangers.
/// Looser modes do not exist.
public struct ConsentPolicy: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        /// Discoverable and indexable.
        case both
        /// And the author wrote the opt-in tag.
        case tag
    }

    /// What a missing `indexable` means: servers before Mastodon 4.3 and others never send it.
    public enum UnknownIndexable: String, Sendable, CaseIterable {
        case refuse
        /// Accept it for authors of the instance that shows the status, whose operator runs this proxy.
        case allowLocal = "allow-local"
    }

    public var mode: Mode
    public var unknownIndexable: UnknownIndexable
    public var allowGroups: Bool
    /// Instances whose authors are never recommended, and of whom nothing is kept.
    public var deniedInstances: InstanceList

    public init(mode: Mode = .both, unknownIndexable: UnknownIndexable = .refuse, allowGroups: Bool = false, deniedInstances: InstanceList = InstanceList()) {
        self.mode = mode
        self.unknownIndexable = unknownIndexable
        self.allowGroups = allowGroups
        self.deniedInstances = deniedInstances
    }
}

/// The first rule that a status breaks. The raw value is the metric's label: it names a rule, never a person.
public enum ConsentRefusal: String, Sendable, CaseIterable {
    case visibility, discoverable, indexable, noindex, searchableBy = "searchable-by", locked, bot, group, suspended, limited
    case memorial, moved, optOutTag = "opt-out-tag", optInTagMissing = "opt-in-tag-missing", reblog, reply, sensitive
    case mention, quote, tooOld = "too-old", fromFuture = "from-future", authorOptOut = "author-opt-out", instance
}
