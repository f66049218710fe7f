import Database
@testable import Postgres
import TestSupport
import Testing

struct ConnectingTests {
    private func reason(_ url: String) -> String? {
        do {
            _ = try PostgresConnection(PostgresSettings(url: url))
        } catch DatabaseError.cannotOpen(let reason), DatabaseError.unreachable(let reason), DatabaseError.notAdmitted(let reason),
            DatabaseError.unfit(let reason) {
            return reason
        } catch {
            return "\(error)"
        }
        return nil
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `a missing database, a refused user and a taken place are each said in one line`() throws {
        #expect(reason(PostgresServer.address(database: "nowhere")) == "there is no database of this name on the server")
        #expect(reason(PostgresServer.address(user: "nobody-here")) == "the server refused the user or the password")
        let owner = try PostgresConnection(.test)
        try owner.script("DROP DATABASE IF EXISTS sheltie_latin")
        try owner.script("CREATE DATABASE sheltie_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        defer { try? owner.script("DROP DATABASE sheltie_latin") }
        #expect(reason(PostgresServer.address(database: "sheltie_latin")) == "the database's encoding is LATIN1, and UTF8 is needed")
        try owner.script("ALTER DATABASE sheltie_latin CONNECTION LIMIT 0; CREATE ROLE sheltie_guest LOGIN")
        defer { try? owner.script("DROP ROLE sheltie_guest") }
        #expect(reason(PostgresServer.address(user: "sheltie_guest", database: "sheltie_latin")) == "the server has no connection left")
    }

    @Test(arguments: ["postgresql://%zz:secret-word@/x", "secret-word", "postgres://a?secret-word=b"])
    func `an address that cannot be read is not repeated`(url: String) {
        #expect(reason(url) == "the address is not of the form postgres://user@host/database")
    }

    @Test(arguments: ["postgres://user:secret-word/1@host/x", "postgres://user:1@secret-word.invalid/x"])
    func `an address that is read wrongly gives away no part of itself`(url: String) throws {
        let said = try #require(reason(url))
        #expect(said.hasPrefix("the server cannot be reached: ") && !said.contains("secret-word"), "\(said)")
    }

    @Test func `a server that is not there is said to be out of reach`() {
        #expect(reason("postgresql://user:secret-word@127.0.0.1:1/x") == "the server cannot be reached: Connection refused")
    }

    @Test(arguments: [("13.4", "UTF8", "the server is PostgreSQL 13.4, and 15 or newer is needed"), ("16.2", "UTF8", nil)] as [(String, String, String?)])
    func `a server older than 15 is refused`(version: String, encoding: String, refusal: String?) throws {
        let server = try GreetingServer(version: version)
        let found = reason("postgresql://user@127.0.0.1:\(server.port)/x?sslmode=disable&gssencmode=disable")
        if let refusal { #expect(found == refusal) } else { #expect(found != nil, "it says nothing more after its greeting") }
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `of several hosts the one is taken that takes writes`() async throws {
        let (standing, writable) = (try PostgresCluster("default_transaction_read_only=on"), try PostgresCluster())
        func url(_ ports: [Int], _ wanted: String) -> String {
            "postgresql://postgres@\(ports.map { "127.0.0.1:\($0)" }.joined(separator: ","))/postgres?target_session_attrs=\(wanted)"
        }
        // Nothing listens at the first; the second takes no writes.
        for ports in [[1, standing.port, writable.port], [writable.port, standing.port]] {
            let connection = try PostgresConnection(PostgresSettings(url: url(ports, "read-write")), writing: true)
            #expect(try connection.integer("SELECT current_setting('port')::bigint") == Int64(writable.port))
        }
        let reading = try PostgresConnection(PostgresSettings(url: url([writable.port, standing.port], "read-only")))
        #expect(try reading.integer("SELECT current_setting('port')::bigint") == Int64(standing.port))
        #expect(reason(url([standing.port, 1], "read-write")) != nil)
        #expect(throws: DatabaseError.readOnly) {
            _ = try PostgresConnection(PostgresSettings(url: standing.address()), writing: true)
        }
        try await expectMove(from: writable, to: standing, PostgresSettings(url: url([writable.port, standing.port], "read-write")))
    }

    /// The two change places under an open pool: what writes follows.
    private func expectMove(from first: PostgresCluster, to second: PostgresCluster, _ settings: PostgresSettings) async throws {
        let pool = try PostgresPool(settings, readers: 1)
        func port() async throws -> Int64 { try await pool.write(.power) { try $0.integer("SELECT current_setting('port')::bigint") } }
        #expect(try await port() == Int64(first.port))
        try await second.stop()
        try await second.set("default_transaction_read_only", "off")
        try await second.start()
        // As at a switch-over: sessions stay, and writes are refused from now on.
        try PostgresConnection(PostgresSettings(url: first.address())).script(
            "ALTER DATABASE postgres SET default_transaction_read_only = on; SELECT pg_reload_conf()")
        _ = try? await pool.write(.power) { connection in
            try connection.script("SET default_transaction_read_only = on; SET transaction_read_only = on")
            try connection.run("CREATE TABLE moved (n bigint)")
        }
        #expect(try await port() == Int64(second.port))
        await pool.shutdown()
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `a server is believed only with a certificate of the right authority for the right host`() throws {
        let cluster = try PostgresCluster("--tls")
        func url(_ host: String, _ authority: String) -> String {
            cluster.address(host: host, "sslmode=verify-full", "sslrootcert=\(cluster.folder)/\(authority).crt")
        }
        let connection = try PostgresConnection(PostgresSettings(url: url("localhost", "authority")))
        #expect(try connection.text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").hasPrefix("TLSv1."))
        #expect(reason(url("localhost", "stranger"))?.contains("certificate verify failed") == true)
        #expect(reason(url("127.0.0.1", "authority"))?.contains("does not match host name") == true)
        #expect(reason(url("localhost", "nothing"))?.contains("root certificate file") == true)
        let plain = try PostgresCluster()
        #expect(reason(plain.address(host: "localhost", "sslmode=require"))?.contains("server does not support SSL") == true)
    }

    @Test func `a lost connection is tried again after longer and longer times`() {
        let start = ContinuousClock.now
        var backoff = Backoff()
        #expect(backoff.allows(at: start))
        var waits: [Duration] = []
        var now = start
        for _ in 0..<8 {
            backoff.failed(at: now)
            let before = now
            while !backoff.allows(at: now) { now += .milliseconds(10) }
            waits.append(now - before)
        }
        #expect(waits == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
        backoff.succeeded()
        #expect(backoff.allows(at: start))
    }
}
