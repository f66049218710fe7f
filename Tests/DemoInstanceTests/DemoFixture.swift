import DemoInstance
import Fediverse
import HTTPService
import HTTPTypes
import Synchronization
import Telemetry

/// A fixed moment: 2026-03-01 12:00 UTC.
let noon = Instant(seconds: 1_772_366_400)

/// Made once: it is a value, so no test changes it for another.
let world = DemoWorld(seed: 7, now: noon)

/// Enough for what is walked from end to end.
let smallWorld = DemoWorld(seed: 7, people: 60, posts: 1_500, days: 3, now: noon)

/// A demo server that answers without a network, with a clock that a test moves.
final class Demo: Sendable {
    let server: DemoServer
    private let clock: TestClock

    init(_ settings: DemoSettings = DemoSettings(), world: DemoWorld = world) {
        let clock = TestClock()
        self.clock = clock
        server = DemoServer(
            world: world, settings: settings, logger: .silent, clock: { clock.now })
    }

    func pass(_ span: Instant.Span) { clock.pass(span) }

    /// A person of this server who is logged in.
    func person(_ name: String = "reader") throws -> Visitor {
        guard let token = server.issueToken(for: name) else { throw MissingPerson(name: name) }
        return Visitor(demo: self, token: token)
    }

    var nobody: Visitor { Visitor(demo: self, token: nil) }
}

struct MissingPerson: Error { let name: String }

final class TestClock: Sendable {
    private let moment = Mutex(noon)
    var now: Instant { moment.withLock { $0 } }
    func pass(_ span: Instant.Span) { moment.withLock { $0 = $0 + span } }
}

/// Somebody who sends requests.
struct Visitor: Sendable {
    let demo: Demo
    let token: String?

    func send(
        _ method: String, _ target: String, type: String? = nil, _ body: String = "", headers: [(String, String)] = []
    ) async throws -> DemoReply {
        var fields = HTTPFields()
        if let token { fields[.authorization] = "Bearer \(token)" }
        if let type { fields[.contentType] = type }
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        let bytes = Array(body.utf8)
        let chunks = Mutex([bytes])
        let request = ServerRequest(
            method: method, target: target, authority: "demo.test", fields: fields,
            body: RequestBody(length: bytes.count) { chunks.withLock { $0.popLast() } })
        let response = await demo.server.respond(request)
        guard case .bytes(let answer) = response.body else { return DemoReply(status: response.status, fields: response.fields, bytes: []) }
        return DemoReply(status: response.status, fields: response.fields, bytes: answer)
    }

    func get(_ target: String) async throws -> DemoReply { try await send("GET", target) }

    func post(_ target: String, _ form: String = "") async throws -> DemoReply {
        try await send("POST", target, type: "application/x-www-form-urlencoded", form)
    }
}

struct DemoReply: Sendable {
    let status: Int
    let fields: HTTPFields
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: Value { (try? Value(bytes)) ?? .null }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { fields[$0] } }

    /// The path and query of a relation in the Link header.
    func link(_ relation: String) -> String? {
        let part = header("Link")?.split(separator: ", ").first { $0.hasSuffix(#"rel="\#(relation)""#) }
        return part.map { String($0.dropFirst("<http://demo.test".count).prefix { $0 != ">" }) }
    }
}
