/// One schema change: its number, its name and its text for each engine.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    public let sqlite: String
    public let postgres: String

    /// All of them, in order. A released one is never edited; the next number changes what it made.
    public static let all = [
        Migration(
            number: 1, name: "core", sqlite: text(PackageResources.sqlite_0001_core_sql), postgres: text(PackageResources.postgres_0001_core_sql)),
        Migration(
            number: 2, name: "search", sqlite: text(PackageResources.sqlite_0002_search_sql), postgres: text(PackageResources.postgres_0002_search_sql)),
        Migration(
            number: 3, name: "keys and backups", sqlite: text(PackageResources.sqlite_0003_keys_and_backups_sql),
            postgres: text(PackageResources.postgres_0003_keys_and_backups_sql)),
        Migration(
            number: 4, name: "evidence", sqlite: text(PackageResources.sqlite_0004_evidence_sql), postgres: text(PackageResources.postgres_0004_evidence_sql)),
        Migration(
            number: 5, name: "author requests", sqlite: text(PackageResources.sqlite_0005_author_requests_sql),
            postgres: text(PackageResources.postgres_0005_author_requests_sql)),
        Migration(
            number: 6, name: "shared releases", sqlite: text(PackageResources.sqlite_0006_shared_releases_sql),
            postgres: text(PackageResources.postgres_0006_shared_releases_sql)),
        Migration(
            number: 7, name: "file rewrites", sqlite: text(PackageResources.sqlite_0007_file_rewrites_sql),
            postgres: text(PackageResources.postgres_0007_file_rewrites_sql)),
    ]

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
