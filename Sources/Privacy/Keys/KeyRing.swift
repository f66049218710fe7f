/// The keys of an installation: the one that makes aliases, and older ones whose aliases are still known.
///
/// A key is replaced in three steps. A new one becomes active and the old one is accepted; whoever comes is moved from the
/// old alias to the new one; after ``KeepingPolicy/Shared/acceptedKeys`` those who did not come are forgotten and the old
/// key is destroyed. Nobody who stays away can be moved, because nobody knows who they are.
public struct KeyRing: Sendable {
    public static let mostAccepted = 8

    public let active: MasterKey
    /// The newest first.
    public let accepting: [MasterKey]

    /// One key and no older one.
    public init(_ active: MasterKey) { (self.active, accepting) = (active, []) }

    init(_ file: KeyFile) throws {
        active = try MasterKey(bytes: file.active, carried: file.carried)
        accepting = try file.accepting.map { try MasterKey(bytes: $0) }
    }
}
