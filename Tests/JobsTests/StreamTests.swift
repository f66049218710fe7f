import Curl
import Fediverse
import LoopbackClient
import Recommender
import Store
import Synchronization
import Telemetry
import Testing
import Upstream

@testable import Jobs

/// Deletions and edits as the instance's stream tells of them; where it tells nothing, the re-check does.
struct StreamTests {
    private static func stream(_ server: ScriptedServer, of jobs: JobWorld, _ client: CurlClient, token: String? = nil) -> StatusStream {
        StatusStream(
            instance: Instance(domain: jobs.mastodon.instance.domain, base: "http://" + server.authority), client: client, userAgent: "Sheltie/test", token: token)
    }

    private static func listener(
        _ stream: StatusStream, of jobs: JobWorld, pause: @escaping @Sendable (Duration) async throws -> Void = { _ in throw CancellationError() }
    ) -> StreamListener {
        StreamListener(
            stream: stream, statuses: jobs.storage.statuses,
            intake: StatusIntake(instance: jobs.mastodon.instance, pseudonymizer: jobs.pseudonymizer, consent: ConsentPolicy(), keepsContent: true),
            tenant: jobs.tenant, logger: .silent, clock: { jobs.clock.now }, pause: pause)
    }

    /// Statuses 1 to 4 are stored; then the stream says this, in two pieces, and ends.
    private static func hearing(_ said: String, _ body: @escaping @Sendable (JobWorld) async throws -> Void) async throws {
        let server = ScriptedServer { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n:)\n\n")
            let bytes = Array(said.utf8)
            connection.write(Array(bytes[..<(bytes.count / 2)]))
            connection.write(Array(bytes[(bytes.count / 2)...]))
            connection.close()
        }
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        defer { client.shutdown() }
        try await JobWorld.with(ScriptedTimeline([4, 3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            await #expect(throws: CancellationError.self) { try await listener(stream(server, of: jobs, client), of: jobs).run() }
            try await body(jobs)
        }
    }

    private static func edited(_ id: Int, _ change: (inout ScriptedStatus) -> Void) -> String {
        var status = ScriptedStatus(id: id)
        status.editedAt = "2026-03-01T11:30:00.000Z"
        change(&status)
        return "event: status.update\ndata: \(status.json)\n\n"
    }

    @Test func `what is deleted or edited into refusal goes, what is edited else is brought up to date`() async throws {
        let said = "event: delete\ndata: 1\n\n" + Self.edited(2) { $0.sensitive = true } + ":thump\n\n" + Self.edited(3) { $0.tags = ["cats"] }
            + "event: delete\ndata: 99\n\nevent: update\ndata: {}\n\n" + Self.edited(77) { $0.tags = ["new"] } + "event: status.update\ndata: {\n\n"
        try await Self.hearing(said) { jobs async throws in
            let candidates = try await jobs.candidates()
            #expect(candidates.keys.sorted() == ["3", "4"], "one that is not stored is left to the ingest")
            #expect(candidates["3"]?.tags == ["cats"])
        }
    }

    @Test func `a profile that refuses in an edit ends all of its author`() async throws {
        try await Self.hearing(Self.edited(3) { $0.account["note"] = "\"#nobot\"" }) { jobs async throws in
            #expect(try await jobs.candidates().isEmpty)
            #expect(try await jobs.storage.statuses.optOutCounts(in: jobs.tenant)[.profile] == 1)
        }
    }

    @Test(arguments: [nil, "operators-own"])
    func `the operator's token goes along where there is one`(token: String?) async throws {
        let server = ScriptedServer { _, connection in connection.answer(401, [], "{}") }
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        defer { client.shutdown() }
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            let stream = Self.stream(server, of: jobs, client, token: token)
            await #expect(throws: UpstreamError.status(401, retryAfter: nil)) { try await stream.listen { _ in } }
            #expect(server.requests.map(\.target) == ["/api/v1/streaming/public"])
            #expect(server.requests.first?["Authorization"] == token.map { "Bearer " + $0 })
        }
    }

    /// How long the listener waits after each try.
    private static func waits(_ count: Int, _ answer: @escaping @Sendable (ScriptedConnection) -> Void) async throws -> [Duration] {
        let server = ScriptedServer { _, connection in answer(connection) }
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        defer { client.shutdown() }
        let waits = Mutex<[Duration]>([])
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            let listener = Self.listener(Self.stream(server, of: jobs, client), of: jobs) { wait in
                let isLast = waits.withLock { waits in
                    waits.append(wait)
                    return waits.count == count
                }
                if isLast { throw CancellationError() }
            }
            await #expect(throws: CancellationError.self) { try await listener.run() }
        }
        return waits.withLock { $0 }
    }

    @Test func `a stream that ends is asked for again after longer and longer waits`() async throws {
        let found = try await Self.waits(11) { $0.close() }
        #expect(found == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map { .seconds($0) })
    }

    @Test(arguments: [401, 403, 404, 301])
    func `an instance that does not want us is left alone for an hour`(status: Int) async throws {
        #expect(try await Self.waits(2) { $0.answer(status, [], "{}") } == [.seconds(3_600), .seconds(3_600)])
    }

    @Test func `what is no stream is left alone, and a wish is kept`() async throws {
        #expect(try await Self.waits(1) { $0.answer(200, [], "{}") } == [.seconds(3_600)])
        #expect(try await Self.waits(1) { $0.answer(503, [("Retry-After", "40")], "") } == [.seconds(40)])
        #expect(try await Self.waits(1) { $0.answer(503, [], "") } == [.seconds(1)])
    }
}
