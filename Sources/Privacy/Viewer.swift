/// The person being served: an alias and a level. The account is gone.
public struct Viewer: Sendable, Hashable {
    public let tenant: TenantKey
    public let alias: AliasID
    public let level: PrivacyLevel
    /// The row of this alias, nil while there is none (level NONE by default).
    public let key: AliasKey?
    /// Grows with every level change, so that a write begun before the change is refused after it.
    public let epoch: Int64

    public init(tenant: TenantKey, alias: AliasID, level: PrivacyLevel, key: AliasKey?, epoch: Int64) {
        self.tenant = tenant
        self.alias = alias
        self.level = level
        self.key = key
        self.epoch = epoch
    }
}
