import Fediverse
import Privacy
import Recommender
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
            let leases = store.leases
            func acquire(_ holder: String, at now: Instant) async throws -> Lease? {
                try await leases.acquire("jobs", for: .seconds(30), by: holder, in: store.tenant, at: now)
            }
            let first = try #require(try await acquire("a", at: noon))
            #expect(try await acquire("b", at: noon + .seconds(29)) == nil)
            #expect(try await acquire("a", at: noon + .seconds(20))?.fence == first.fence)
            #expect(try await acquire("b", at: noon + .seconds(49)) == nil)
            let second = try #require(try await acquire("b", at: noon + .seconds(50)))
            #expect(second.fence > first.fence)
            try await leases.release(first, at: noon + .seconds(51))
            #expect(try await acquire("a", at: noon + .seconds(51)) == nil, "the old holder cannot give away what it lost")
            try await leases.release(second, at: noon + .seconds(51))
            let third = try #require(try await acquire("a", at: noon + .seconds(51)))
            #expect(third.fence > second.fence)
        }
    }

    @Test func `a lease is renewed as long as nobody has taken it, even after its end`() async throws {
        try await TestStore.with { store in
            let leases = store.leases
            func acquire(_ holder: String, at now: Instant) async throws -> Lease? {
                try await leases.acquire("jobs", for: .seconds(30), by: holder, in: store.tenant, at: now)
            }
            let first = try #require(try await acquire("a", at: noon))
            #expect(try await leases.renew(first, for: .seconds(30), at: noon + .seconds(90)))
            #expect(try await acquire("b", at: noon + .seconds(119)) == nil)
            let second = try #require(try await acquire("b", at: noon + .seconds(120)))
            #expect(try await !leases.renew(first, for: .seconds(30), at: noon + .seconds(121)))
            #expect(try await acquire("a", at: noon + .seconds(149)) == nil, "the renewal has moved nothing")
            #expect(try await leases.renew(second, for: .seconds(30), at: noon + .seconds(149)))
        }
    }

    @Test func `a write under a lease that another has taken changes nothing`() async throws {
        try await TestStore.with { store in
            let (storage, tenant) = (store.storage, store.tenant)
            func acquire(_ holder: String, at now: Instant) async throws -> Lease? {
                try await store.leases.acquire("jobs", for: .seconds(30), by: holder, in: tenant, at: now)
            }
            @Sendable func write(_ id: String) async throws {
                try await storage.statuses.setCursor(IngestCursor(source: "public", newestID: id), in: tenant, at: noon)
            }
            func written() async throws -> String? { try await storage.statuses.cursor(of: "public", in: tenant)?.newestID }
            let first = try #require(try await acquire("a", at: noon))
            try await storage.leases.fencing(first) { try await write("1") }
            #expect(try await written() == "1")
            let second = try #require(try await acquire("b", at: noon + .seconds(30)))
            await #expect(throws: StoreError.leaseLost) { try await storage.leases.fencing(first) { try await write("2") } }
            #expect(try await written() == "1")
            try await storage.leases.fencing(second) { try await write("3") }
            #expect(try await written() == "3")
            // Who writes under no lease is not asked for one.
            try await write("4")
            #expect(try await written() == "4")
        }
    }

    @Test func `a lease from a clock that was ahead ends when the clock is set right`() async throws {
        try await TestStore.with { store in
            let leases = store.leases
            func acquire(_ holder: String, at now: Instant) async throws -> Lease? {
                try await leases.acquire("jobs", for: .seconds(30), by: holder, in: store.tenant, at: now)
            }
            let first = try #require(try await acquire("a", at: noon + .days(365)))
            let second = try #require(try await acquire("b", at: noon))
            #expect(second.fence > first.fence)
        }
    }
}
