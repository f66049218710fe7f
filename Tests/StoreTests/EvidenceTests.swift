import Database
import Fediverse
import Privacy
import TestSupport
import Testing

@testable import Store

@Suite(.onEveryEngine) struct EvidenceTests {
    private let step = RetentionStep(what: .evidence, level: .full, age: .days(30))

    @Test func `evidence ends with its day, after 30 days at most`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            _ = try await store.storage.prepareEvidence(at: noon)
            for day in 0..<3 { try await store.witness(viewer, at: noon + .days(Int64(day))) }
            let end = noon.floored(to: .days(1)) + .days(31)
            #expect(try await store.storage.retention.due(step, in: store.tenant, at: end - .days(1)) == 0)
            #expect(try await store.storage.retention.due(step, in: store.tenant, at: end) == 3)
            #expect(try await store.storage.retention.carryOut(step, in: store.tenant, at: end, limit: 100) == 3)
            for table in evidenceTables { #expect(try await store.count(table) == 2) }
            #expect(try await store.storage.retention.carryOut(step, in: store.tenant, at: end + .days(9), limit: 100) == 6)
            for table in evidenceTables { #expect(try await store.count(table) == 0) }
        }
    }

    @Test func `evidence goes with the person, and when they leave FULL`() async throws {
        for level in [PrivacyLevel.limited, .none] {
            try await TestStore.with { store in
                try await store.witness(try await store.viewer(.full), at: noon)
                let tables = try await store.storage.personalData.everything(about: alias(1), in: store.tenant)
                for table in evidenceTables { #expect(tables.first { $0.name == table }?.rows.count == 1) }
                try await store.viewer(level)
                for table in evidenceTables { #expect(try await store.count(table) == 0) }
            }
        }
    }
}

@Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct EvidencePartitionTests {
    private func partitions(_ store: TestStore, of table: String) async throws -> [String] {
        try await store.rows("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(\(table)) ORDER BY 1").map { row in
            if case .text(let name) = row[0] { name } else { "" }
        }
    }

    @Test func `days are made 14 ahead, once, and dropped whole`() async throws {
        try await Engine.$current.withValue(.postgres) {
            try await TestStore.with { store in
                for _ in 0..<2 { #expect(try await store.storage.prepareEvidence(at: noon) == 0) }
                for table in evidenceTables {
                    let made = try await partitions(store, of: table)
                    #expect(made == (1...15).map { "\(table)_202606\($0 < 10 ? "0" : "")\($0)" } + ["\(table)_rest"])
                }
                let step = RetentionStep(what: .evidence, level: .full, age: .days(30))
                _ = try await store.storage.retention.carryOut(step, in: store.tenant, at: noon + .days(33), limit: 10)
                #expect(try await partitions(store, of: "rec_decisions").first == "rec_decisions_20260605", "a day goes when its first moment is 30 days old")
            }
        }
    }

    @Test func `a row that finds no day is told of, and is given one`() async throws {
        try await Engine.$current.withValue(.postgres) {
            try await TestStore.with { store in
                let key = try #require(try await store.viewer(.full).key)
                _ = try await store.storage.pool.write(.process) { connection in
                    try connection.run("""
                        INSERT INTO exposure_events (tenant_id, occurred_at, alias_key, request_id, surface, items)
                        VALUES (\(store.tenant), \(noon + .days(20)), \(key), 'r', 'home', '[]'), (\(store.tenant), \(noon), \(key), 's', 'home', '[]')
                        """)
                }
                #expect(try await store.storage.prepareEvidence(at: noon) == 2)
                #expect(try await store.count("exposure_events_rest") == 0)
                #expect(try await store.count("exposure_events_20260621") == 1)
                #expect(try await store.count("exposure_events") == 2)
                #expect(try await store.storage.prepareEvidence(at: noon) == 0)
                try await store.viewer(.none)
                #expect(try await store.count("exposure_events") == 0, "rows of a partition go with their alias")
            }
        }
    }
}
