/// Personal data that the policy has let through: the only form that a repository takes.
///
/// Only this module can make one, so a personal write that skipped the policy does not compile.
public struct Permitted<Record: Sendable>: Sendable {
    public let viewer: Viewer
    /// The row that the write belongs to; a viewer without one is never permitted anything.
    public let key: AliasKey
    public let record: Record

    init(_ record: Record, of viewer: Viewer, key: AliasKey) {
        self.record = record
        self.viewer = viewer
        self.key = key
    }
}
