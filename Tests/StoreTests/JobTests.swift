import Fediverse
import Privacy
import Store
import Testing

@Suite(.onEveryEngine) struct JobTests {
    @Test func `the book tells how each run ended, the newest first`() async throws {
        try await TestStore.with { store in
            let runs = store.storage.jobRuns
            let first = try await runs.begin("ingest", in: store.tenant, at: noon)
            try await runs.finish(first, .done, counts: ["kept": 3, "asked": 40], in: store.tenant, at: noon + .seconds(2))
            _ = try await runs.begin("ingest", in: store.tenant, at: noon + .minutes(2))
            _ = try await runs.begin("other", in: store.tenant, at: noon)
            #expect(try await runs.interruptUnfinished(of: "ingest", in: store.tenant, at: noon + .minutes(9)) == 1)
            let recent = try await runs.recent("ingest", limit: 5, in: store.tenant)
            #expect(recent.map(\.outcome) == [.interrupted, .done])
            #expect(recent.map(\.finishedAt) == [noon + .minutes(9), noon + .seconds(2)])
            #expect(recent[1].counts == #"{"kept":3,"asked":40}"#)
        }
    }

    @Test func `a lease is held by one, renewed by its holder, and taken over after its end`() async throws {
        try await TestStore.with { store in
            let leases = store.storage.leases
            func acquire(_ holder: String, at now: Instant) async throws -> Lease? {
                try await leases.acquire("jobs", for: .seconds(30), by: holder, in: store.tenant, at: now)
            }
            let first = try #require(try await acquire("a", at: noon))
            #expect(try await acquire("b", at: noon + .seconds(29)) == nil)
            #expect(try await acquire("a", at: noon + .seconds(20))?.fence == first.fence)
            #expect(try await acquire("b", at: noon + .seconds(49)) == nil)
            let second = try #require(try await acquire("b", at: noon + .seconds(50)))
            #expect(second.fence > first.fence)
            #expect(try await !leases.holds(first, in: store.tenant, at: noon + .seconds(50)))
            #expect(try await leases.holds(second, in: store.tenant, at: noon + .seconds(50)))
            try await leases.release(first, in: store.tenant, at: noon + .seconds(51))
            #expect(try await acquire("a", at: noon + .seconds(51)) == nil, "the old holder cannot give away what it lost")
            try await leases.release(second, in: store.tenant, at: noon + .seconds(51))
            let third = try #require(try await acquire("a", at: noon + .seconds(51)))
            #expect(third.fence > second.fence)
        }
    }
}
