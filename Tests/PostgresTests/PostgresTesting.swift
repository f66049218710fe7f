import Database
@testable import Postgres
import TestSupport

extension PostgresSettings {
    /// The tests' server, with what is made staying in the session.
    static var test: PostgresSettings { PostgresSettings(url: PostgresServer.address("options=-csearch_path%3Dpg_temp,public")) }

    func with(_ change: (inout PostgresSettings) -> Void) -> PostgresSettings {
        var settings = self
        change(&settings)
        return settings
    }
}

extension Connection {
    func integer(_ statement: SQL) throws -> Int64 { try first(statement) { $0.integer(0) } ?? -1 }
    func text(_ statement: SQL) throws -> String { try first(statement) { $0.text(0) } ?? "no row" }
}

/// A schema of a test's own, for what several sessions see; removed at the end.
/// - Parameter options: more of the server's settings, percent-encoded.
func withSchema(_ name: String, options: String = "", _ body: (PostgresSettings) async throws -> Void) async throws {
    let owner = try PostgresConnection(.test)
    try owner.script("DROP SCHEMA IF EXISTS \(name) CASCADE; CREATE SCHEMA \(name)")
    defer { try? owner.script("DROP SCHEMA \(name) CASCADE") }
    try await body(PostgresSettings(url: PostgresServer.address("options=-csearch_path%3D\(name)\(options)", "application_name=\(name)")))
}

/// Sessions of this application that are at a statement with these words, seen from another one.
func sessions(of application: String, at words: String, on observer: PostgresConnection) throws -> Int64 {
    try observer.integer("""
        SELECT count(*) FROM pg_stat_activity WHERE application_name = \(application) AND state = 'active' AND query LIKE \("%" + words + "%")
        """)
}
