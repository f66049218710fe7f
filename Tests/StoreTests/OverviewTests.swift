import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

@Suite(.onEveryEngine) struct OverviewTests {
    @Test func `the operator's overview counts people, what is overdue and what was done, and names nobody`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            for person in 1...6 {
                let viewer = try await store.viewer(.full, person)
                try await store.act(on: 1, viewer, at: noon - .days(1))
                if person < 4 { try await store.act(on: 2, viewer, at: noon - .days(1)) }
            }
            let limited = try await store.viewer(.limited, 7, at: noon - .days(20))
            try await store.act(on: 1, limited, at: noon - .days(16))
            _ = try await store.storage.people.erase(alias(6), in: store.tenant, ledgerTag: id(77), at: noon)
            let run = try await store.storage.jobRuns.begin("anonymizer", in: store.tenant, at: noon - .hours(1))
            try await store.storage.jobRuns.finish(
                run, .done, counts: ["posts": 3, "interactions-LIMITED": 4, "scrubbed": 1], in: store.tenant, at: noon - .hours(1) + .seconds(2))
            for (job, counts) in [("ingest", ["refused-locked": 2, "kept": 9]), ("ingest", ["refused-locked": 1]), ("scrub", ["longest-seconds": 12])] {
                let run = try await store.storage.jobRuns.begin(job, in: store.tenant, at: noon - .hours(2))
                try await store.storage.jobRuns.finish(run, .done, counts: counts, in: store.tenant, at: noon - .hours(2))
            }

            let overview = try await store.storage.overview(in: store.tenant, retention: RetentionPolicy(), at: noon)
            #expect(overview.people == [.none: 0, .limited: 1, .full: 5])
            #expect(overview.pastDue["interactions"] == 1 && overview.pastDue.values.reduce(0, +) == 1)
            #expect(overview.anonymizerRuns == [.init(startedAt: noon - .hours(1), seconds: 2, outcome: .done, removed: 7)])
            #expect(overview.refusedCells == 1, "status 2 has three people; status 1 has five")
            #expect(overview.erasures == 1 && overview.loweredLevels == 0)
            #expect(overview.longestScrub == .seconds(12) && overview.refusals == ["locked": 3])
            #expect(overview.waitingFiles > 0 && overview.bytesLeaveBy != nil)
            #expect(overview.keys.map(\.id) == ["key-1"] && overview.sourcesRefusedByRobots == 0)
            while try await !store.storage.scrubs.carryOut(in: store.tenant, at: noon + .days(1)).held.isEmpty {}
            #expect(try await store.storage.overview(in: store.tenant, retention: RetentionPolicy(), at: noon).waitingFiles == 0)
        }
    }
}
