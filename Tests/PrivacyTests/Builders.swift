import Fediverse
import OpenSSL
import Privacy

/// 2026-07-01 09:30:15.250 UTC, a Wednesday.
let wednesday = Instant(microseconds: 1_782_898_215_250_000)

func someAlias(_ number: Int) -> AliasID {
    guard let alias = AliasID(hex: SHA256.digest(of: "alias \(number)".utf8).hex) else { preconditionFailure("64 hex digits") }
    return alias
}

extension Viewer {
    static func at(_ level: PrivacyLevel, key: AliasKey? = AliasKey(7)) -> Viewer {
        Viewer(tenant: TenantKey(1), alias: someAlias(1), level: level, key: key, epoch: 3)
    }
}

extension Interaction {
    static func of(_ kind: InteractionKind, at: Instant = wednesday) -> Interaction {
        Interaction(
            post: PostReference(postID: String(repeating: "a", count: 64), authorID: String(repeating: "b", count: 64)), kind: kind,
            at: at, weight: 1.5, context: Context(source: "home", position: 4, reason: "popular"))
    }
}

extension PersonalTable {
    /// A table by its columns, each row a line of cells.
    static func of(_ name: String, _ columns: [String], _ rows: [[String?]]) -> PersonalTable {
        PersonalTable(name: name, columns: columns, rows: rows)
    }
}
