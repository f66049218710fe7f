import Database
import Fediverse
import Glibc
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// Reports beside another program that reads the tables by the schema alone.
@Suite(.onEveryEngine) struct ReportDumpTests {
    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `reports have what the database has, no value less and none more, and fit their schema`() async throws {
        let run = LargeTest("report-dump", seed: 51)
        var generator = SeededGenerator(seed: run.seed)
        try await TestStore.with { store in
            try await store.keep((1...40).map { .status($0, by: $0 % 9 + 1) })
            _ = try await store.storage.prepareEvidence(at: noon)
            var reports = "", exports = ""
            for person in 1...run.planned {
                try await live(person, in: store, &generator)
                let report = try await store.rights().report(about: alias(person))
                reports += report.json.filter { $0 != "\n" } + "\n"
                exports += try await store.rights().export(of: alias(person)).json.filter { $0 != "\n" } + "\n"
            }
            let folder = try TemporaryFolder()
            try write(Array(reports.utf8), to: folder.path + "/reports")
            try write(Array(exports.utf8), to: folder.path + "/exports")
            let dump = try answer("python3 '\(root)/Tests/Reference/personal_dump.py' '\(store.address)' < '\(folder.path)/reports'")
            #expect(dump.status == 0 && dump.output.hasPrefix("\(run.planned) reports, "), "\(dump.output.prefix(2_000))")
            for (name, lines) in [("report", "reports"), ("export", "exports")] {
                let schema = "\(root)/Sources/Privacy/Schemas/privacy_\(name).schema.json"
                let fit = try answer("python3 '\(root)/Tests/Reference/json_schema.py' '\(schema)' --lines < '\(folder.path)/\(lines)'")
                #expect(fit.output == "\(run.planned) fit\n", "\(fit.output.prefix(2_000))")
            }
            // A report that says something else is noticed, or the comparison would prove nothing.
            for (old, new) in [("\"FAVORITE\"", "\"BOOST\""), ("\"reason\": \"popular\"", "\"reason\": \"fresh\""), ("\"interaction_count\": \"", "\"interaction_count\": \"9")] {
                let wrong = reports.replacing(old, with: new, maxReplacements: 1)
                try #require(wrong != reports, "\(old) stands in no report")
                try write(Array(wrong.utf8), to: folder.path + "/wrong")
                let noticed = try answer("python3 '\(root)/Tests/Reference/personal_dump.py' '\(store.address)' < '\(folder.path)/wrong'")
                #expect(noticed.status == 1 && noticed.output.contains("lacks a row"), "\(noticed.output.prefix(500))")
            }
            let short = reports.replacing("\"anonymizer\"", with: "\"anonymiser\"", maxReplacements: 1)
            try write(Array(short.utf8), to: folder.path + "/wrong")
            let refused = try answer("python3 '\(root)/Tests/Reference/json_schema.py' '\(root)/Sources/Privacy/Schemas/privacy_report.schema.json' --lines < '\(folder.path)/wrong'")
            #expect(refused.status == 1)
        }
        run.finish(done: run.planned, failed: 0)
    }

    /// Something of everything that may be stored about a person: levels change on the way, some end at NONE.
    private func live(_ person: Int, in store: TestStore, _ generator: inout SeededGenerator) async throws {
        let levels: [PrivacyLevel] = [.full, .limited, .none]
        var viewer = try await store.viewer(person == 1 ? .full : levels[generator.next(2)], person)
        for _ in 0..<generator.next(6) + (person == 1 ? 2 : 0) {
            let kinds: [InteractionKind] = viewer.level == .full ? InteractionKind.allCases : [.favourite, .reblog, .reply]
            // Some of the posts are known, some are not.
            let post = generator.next(60) + 1
            try await store.act(kinds[generator.next(kinds.count)], on: post, by: post % 9 + 1, viewer, at: noon - .hours(Int64(generator.next(300))))
        }
        if person == 1 { try await store.act(.favourite, on: 3, by: 4, viewer) }
        for _ in 0..<generator.next(3) + (person == 1 ? 1 : 0) {
            try await store.show([try await store.key(generator.next(40) + 1)], to: viewer, at: noon - .seconds(Int64(generator.next(500_000))))
        }
        if generator.next(2) == 0 {
            _ = try await store.storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "label", value: "=\"a\", b\n"), for: viewer)))
        }
        if generator.next(3) == 0 {
            let until = generator.next(2) == 0 ? nil : noon + .days(3)
            let subject: Suppression.Subject = generator.next(2) == 0 ? .author(id: id(generator.next(9) + 1)) : .reason(code: "popular")
            try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: Suppression(subject: subject, setAt: noon, until: until), for: viewer)))
        }
        if viewer.level == .full, generator.next(3) == 0 || person == 1 { try await store.witness(viewer) }
        if generator.next(6) == 0, person > 1 { viewer = try await store.viewer(levels[generator.next(3)], person, at: noon + .hours(1)) }
    }
}

/// The repository's top.
private let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

private func answer(_ command: String) throws -> (status: Int32, output: String) {
    let pipe = try #require(popen(command + " 2>&1", "r"))
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer[..<count] }
    let status = pclose(pipe)
    return (status >> 8 & 0xFF, String(decoding: bytes, as: UTF8.self))
}

extension TestStore {
    func rights(at now: Instant = noon, key: [UInt8] = Array(0..<32)) throws -> PersonRights {
        storage.rights(
            of: Pseudonymizer(try MasterKey(bytes: key)), in: tenant,
            service: PrivacyReport.Service(version: "1", contact: nil, instance: "social.example"), policy: .blend, clock: { now })
    }

    /// Where another program finds the database.
    var address: String {
        guard case .postgres(let url) = storage.location else { return path }
        return PostgresServer.citus == nil ? url.replacing("://postgres@", with: "://looker@") : url
    }

    /// A row in each table of evidence, which nothing writes yet.
    func witness(_ viewer: Viewer, at moment: Instant = noon - .days(1)) async throws {
        let key = try #require(viewer.key)
        _ = try await storage.pool.write(.process) { connection in
            try connection.run("""
                INSERT INTO exposure_events (tenant_id, occurred_at, alias_key, request_id, surface, items)
                VALUES (\(tenant), \(moment), \(key), 'r', 'home', '[]')
                """)
            try connection.run("""
                INSERT INTO interaction_events (tenant_id, occurred_at, alias_key, request_id, post_key, kind)
                VALUES (\(tenant), \(moment), \(key), 'r', 1, 0)
                """)
            return try connection.run("""
                INSERT INTO rec_decisions (tenant_id, occurred_at, alias_key, surface, request_id, k)
                VALUES (\(tenant), \(moment), \(key), 'home', 'r', 20)
                """)
        }
    }
}
