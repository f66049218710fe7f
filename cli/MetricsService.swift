import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Proxy
import Recommender
import ServiceLifecycle
import Store
import Telemetry

/// `GET /metrics` on a listener of its own: numbers about the service, and about people only from five on.
struct MetricsService: Service {
    let address: ListenAddress
    let installation: Installation
    let counters: ProxyCounters
    let openStreams: @Sendable () -> Int
    let logger: Log

    func run() async throws {
        let server = HTTPServer(address: address, logger: logger, onRunning: { port in Output.note("METRICS http://127.0.0.1:\(port)/metrics") }) {
            await respond(to: $0)
        }
        try await server.run()
    }

    private func respond(to request: ServerRequest) async -> ServerResponse {
        guard request.path == "/metrics" else { return .json(Array(#"{"error":"There is no such page"}"#.utf8), status: 404) }
        guard request.method == "GET" || request.method == "HEAD" else { return .json(Array(#"{"error":"This page can only be read"}"#.utf8), status: 405) }
        do {
            return ServerResponse(
                status: 200, fields: [.contentType: MetricsPage.contentType, .cacheControl: "no-store"], body: .bytes(Array(try await page().utf8)))
        } catch {
            logger.note(.warning, "the metrics cannot be read from the database", .failure(error))
            return .json(Array(#"{"error":"The database does not answer"}"#.utf8), status: 503)
        }
    }

    private func page() async throws -> String {
        let (storage, tenant) = (installation.storage, installation.tenant)
        let people = try await storage.peopleByLevel(in: tenant)
        let authors = try await storage.statuses.optOutCounts(in: tenant)
        var runs: [JobLabel: JobRun] = [:]
        for job in JobLabel.allCases { runs[job] = try await storage.jobRuns.recent(job.rawValue, limit: 5, in: tenant).first { $0.finishedAt != nil } }
        let refusals = (runs[.ingest]?.counts).map(Self.counts) ?? [:]

        var page = MetricsPage()
        page.add(.counter, "sheltie_events_total", "What the proxy did since this process began.", by: "event", of: ProxyCounters.Name.self) { counters.value(of: $0) }
        page.add(.gauge, "sheltie_job_finished_timestamp_seconds", "When a job's last run ended, in seconds since 1970.", by: "job", of: JobLabel.self) { job in
            runs[job]?.finishedAt.map { Int($0.microseconds / 1_000_000) }
        }
        page.add(.gauge, "sheltie_job_failed", "Whether a job's last run failed: 1, else 0.", by: "job", of: JobLabel.self) { job in
            runs[job].map { $0.outcome == .done ? 0 : 1 }
        }
        page.add(.gauge, "sheltie_refused_statuses", "Statuses that the last reading left out, by the first rule that they break.", by: "rule", of: ConsentRefusal.self) {
            refusals["refused-" + $0.rawValue] ?? 0
        }
        page.add("sheltie_open_streams", "Streams of clients that are open now, rounded down to fives; none under five.", people: PeopleCount(openStreams()))
        page.add("sheltie_people", "People who chose a level, rounded down to fives; none under five.", by: "level", of: PrivacyLevel.self) {
            PeopleCount(people[$0] ?? 0)
        }
        page.add("sheltie_authors_left_alone", "Authors who are left alone, by the reason, rounded in the same way.", by: "because", of: OptOutSource.self) {
            PeopleCount(authors[$0] ?? 0)
        }
        return page.text
    }

    /// The counts of a job's run, which its book keeps as a JSON object.
    private static func counts(_ json: String) -> [String: Int] {
        Array(json.utf8).withUnsafeBytes { bytes in
            (try? Result { () throws(JSONError) -> [String: Int] in
                var scanner = JSONScanner(bytes)
                var counts: [String: Int] = [:]
                var object = try scanner.enterObject()
                while let key = try scanner.nextKey(&object) { counts[key.string] = try scanner.integer() }
                return counts
            }.get()) ?? [:]
        }
    }
}

/// The jobs that stand in the metrics.
private enum JobLabel: String, CaseIterable {
    case ingest, recheck, signals, anonymizer
}

extension Settings {
    /// Where the metrics are; nil where they are off.
    func metricsAddress() throws -> ListenAddress? {
        let text = text("metricsListen")
        return text.isEmpty ? nil : try Self.address(text, flag: "--metrics-listen")
    }
}
