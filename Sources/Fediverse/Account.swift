/// An author as an instance describes them: only what consent and keys need, never stored as it is.
public struct Account: Sendable, Equatable {
    /// The instance's own id: an opaque string, on some servers not a number.
    public var id: String
    /// The canonical address, the same on every instance. Older servers send only `url`, which then serves.
    public var uri: String
    public var acct: String
    public var displayName: String
    /// The biography, as HTML.
    public var note: String
    /// Names and values of the profile fields, as HTML.
    public var fields: [String]
    public var discoverable: Bool?
    public var indexable: Bool?
    public var noindex: Bool?
    /// FEP-268d, where a server shows it: who may find this author's statuses. An empty list counts as absent.
    public var searchableBy: [String]?
    public var locked: Bool
    public var bot: Bool
    public var group: Bool
    public var suspended: Bool
    public var limited: Bool
    public var memorial: Bool
    public var moved: Bool

    public init(
        id: String, uri: String, acct: String = "", displayName: String = "", note: String = "", fields: [String] = [],
        discoverable: Bool? = nil, indexable: Bool? = nil, noindex: Bool? = nil, searchableBy: [String]? = nil,
        locked: Bool = false, bot: Bool = false, group: Bool = false, suspended: Bool = false, limited: Bool = false,
        memorial: Bool = false, moved: Bool = false
    ) {
        self.id = id
        self.uri = uri
        self.acct = acct
        self.displayName = displayName
        self.note = note
        self.fields = fields
        self.discoverable = discoverable
        self.indexable = indexable
        self.noindex = noindex
        self.searchableBy = searchableBy
        self.locked = locked
        self.bot = bot
        self.group = group
        self.suspended = suspended
        self.limited = limited
        self.memorial = memorial
        self.moved = moved
    }
}
