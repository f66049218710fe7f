import Database
import Glibc
@testable import Postgres
import TestSupport
import Testing

struct ConnectingTests {
    private func reason(_ url: String) -> String? {
        do {
            _ = try PostgresConnection(PostgresSettings(url: url))
        } catch DatabaseError.cannotOpen(let reason) {
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
        let server = try OldServer(version: version)
        let found = reason("postgresql://user@127.0.0.1:\(server.port)/x?sslmode=disable&gssencmode=disable")
        if let refusal { #expect(found == refusal) } else { #expect(found != nil, "it says nothing more after its greeting") }
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

/// A server that greets as one of the given version and hangs up at the first question.
///
/// Source: postgresql.org, "Frontend/Backend Protocol", "Message Formats".
private final class OldServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init(version: String) throws {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return bind(opened, start, length) == 0 && listen(opened, 8) == 0 ? getsockname(opened, start, &length) : -1
        }
        guard code == 0 else { throw DatabaseError.cannotOpen(reason: "no port") }
        listener = opened
        port = UInt16(bigEndian: address.sin_port)
        func message(_ kind: String, _ body: [UInt8]) -> [UInt8] {
            Array(kind.utf8) + withUnsafeBytes(of: UInt32(body.count + 4).bigEndian) { Array($0) } + body
        }
        func parameter(_ name: String, _ value: String) -> [UInt8] { message("S", Array("\(name)\0\(value)\0".utf8)) }
        let greeting = message("R", [0, 0, 0, 0]) + parameter("server_version", version) + parameter("server_encoding", "UTF8")
            + message("K", [0, 0, 0, 1, 0, 0, 0, 1]) + message("Z", Array("I".utf8))
        NamedThread.start("old-postgres") {
            while case let client = accept(opened, nil, nil), client >= 0 {
                var asked = [UInt8](repeating: 0, count: 1024)
                if read(client, &asked, asked.count) > 0 {
                    _ = write(client, greeting, greeting.count)
                    _ = read(client, &asked, asked.count)
                }
                close(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
