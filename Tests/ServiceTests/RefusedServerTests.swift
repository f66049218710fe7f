import Database
import Glibc
import Postgres
import TestSupport
import Testing

extension ServiceTests {
    /// A PostgreSQL server that cannot be used is named in one line, with the code of its kind and nothing of the address.
    @Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    struct RefusedServerTests {
        private func expectRefusal(
            by server: String, _ code: Int32, _ words: String, command: [String] = ["serve"], sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let place = try Place(server: server)
            let program = try place.start(command, command == ["serve"] ? Place.quiet : [])
            #expect(try await program.ended() == .init(code: code), "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.errors == "sheltie: \(words)\n", sourceLocation: sourceLocation)
            #expect(program.output.isEmpty, sourceLocation: sourceLocation)
        }

        @Test func `a wrong password, an unknown user and a missing database are each said`() async throws {
            let rules = try temporaryFolder() + "/pg_hba.conf"
            defer { removeTree(String(rules.dropLast("/pg_hba.conf".count))) }
            chmod(String(rules.dropLast("/pg_hba.conf".count)), 0o755)
            try write("local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n".utf8, to: rules, mode: 0o644)
            let cluster = try PostgresCluster("hba_file=\(rules)")
            let owner = try PostgresConnection(PostgresSettings(url: cluster.address()))
            for statement in [
                "CREATE ROLE keeper LOGIN PASSWORD 'right-word'", "CREATE DATABASE kept OWNER keeper", "CREATE DATABASE bare",
                "CREATE ROLE guest LOGIN PASSWORD 'right-word'",
            ] { try owner.script(statement) }
            let refused = "the database cannot be opened: the server refused the user or the password"
            try await expectRefusal(by: cluster.address(user: "keeper:wrong-word", database: "kept"), 77, refused)
            try await expectRefusal(
                by: cluster.address(user: "keeper", database: "kept"), 77, "the database cannot be opened: the server wants a password")
            try await expectRefusal(by: cluster.address(user: "nobody:wrong-word", database: "kept"), 77, refused)
            try await expectRefusal(
                by: cluster.address(user: "keeper:right-word", database: "lost"), 66,
                "the database cannot be opened: there is no database of this name on the server")
            // The right word opens it, and an owner who is no superuser may make the schema with its extensions.
            let place = try Place(server: cluster.address(user: "keeper:right-word", database: "kept"))
            let info = try await place.run(["db", "migrate"])
            #expect(info.output.hasPrefix("The schema is at version "))
            try await expectRefusal(
                by: cluster.address(user: "guest:right-word", database: "bare"), 77,
                "the database cannot be opened: the user may not add the extension btree_gin and pg_trgm; the database's owner does it with CREATE EXTENSION")
        }

        @Test func `a server that is not there, and one that is too old, are each said`() async throws {
            try await expectRefusal(
                by: "postgres://keeper:secret-word@127.0.0.1:1/x", 69, "the database cannot be opened: the server cannot be reached: Connection refused")
            let old = try GreetingServer(version: "14.9")
            try await expectRefusal(
                by: "postgres://keeper:secret-word@127.0.0.1:\(old.port)/x?sslmode=disable&gssencmode=disable", 69,
                "the database cannot be opened: the server is PostgreSQL 14.9, and 15 or newer is needed")
            withExtendedLifetime(old) {}
        }

        @Test func `a server that takes no writes is refused, with and without a schema, and can be looked at`() async throws {
            let cluster = try PostgresCluster("default_transaction_read_only=on")
            try await expectRefusal(by: cluster.address(), 74, "the database is read-only")
            try await expectRefusal(by: cluster.address(), 74, "the database is read-only", command: ["db", "migrate"])
            let writable = cluster.address("options=-cdefault_transaction_read_only%3Doff")
            try await Place(server: writable).run(["db", "migrate"])
            try await expectRefusal(by: cluster.address(), 74, "the database is read-only")
            let info = try await Place(server: cluster.address()).run(["db", "info"])
            #expect(info.output.contains("extension pg_trgm: 1."))
            #expect(info.output.contains("extension vector: not on the server") || info.output.contains("extension vector: on the server"))
        }

        @Test(.enabled(if: canMountFileSystems(), "a file system can be mounted in a namespace of its own"))
        func `a server without the extensions is refused`() async throws {
            let cluster = try PostgresCluster("--bare")
            try await expectRefusal(
                by: cluster.address(), 69,
                "the database cannot be opened: the server lacks the extension btree_gin and pg_trgm; install PostgreSQL's contrib modules")
        }

        @Test(.enabled(if: canMountFileSystems(), "a file system can be mounted in a namespace of its own"))
        func `on a server whose disk is full nothing is begun, and a served database says so`() async throws {
            let cluster = try PostgresCluster("--small=12m")
            let owner = try PostgresConnection(PostgresSettings(url: cluster.address()))
            for statement in ["CREATE TABLESPACE small LOCATION '\(cluster.folder)/small'", "CREATE DATABASE tight", "ALTER DATABASE tight SET default_tablespace = small"] {
                try owner.script(statement)
            }
            let place = try Place(server: cluster.address(database: "tight"))
            try await place.run(["db", "migrate"])
            let inside = try PostgresConnection(PostgresSettings(url: cluster.address(database: "tight")))
            try inside.script("CREATE TABLE filler (text text)")
            #expect(throws: DatabaseError.diskFull) {
                while true { try inside.run("INSERT INTO filler SELECT repeat(md5(n::text), 20) FROM generate_series(1, 1000) AS n") }
            }
            // What fits into pages that are there already still goes.
            #expect(throws: DatabaseError.diskFull) {
                while true { try inside.run("INSERT INTO filler VALUES ('x')") }
            }
            try inside.script("CREATE SCHEMA second")
            try await expectRefusal(
                by: cluster.address(database: "tight", "options=-csearch_path%3Dsecond"), 74, "the disk is full", command: ["db", "migrate"])
        }
    }
}
