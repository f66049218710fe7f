import Fediverse
import Recommender
import Synchronization
import Testing

@testable import Jobs

/// Deletions, edits and a change of mind reach the store within a day where no stream tells of them.
struct RecheckTests {
    private static func read(_ ids: [Int], _ body: @escaping @Sendable (JobWorld) async throws -> Void) async throws {
        try await JobWorld.with(ScriptedTimeline(ids)) { jobs async throws in
            _ = try await jobs.ingest()
            jobs.clock.pass(.hours(23))
            try await body(jobs)
        }
    }

    @Test func `nothing is asked again within 22 hours`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            let before = jobs.instance.asked.count
            jobs.clock.pass(.hours(22))
            #expect(try await jobs.recheck() == ["confirmed": 0, "withdrawn": 0])
            #expect(jobs.instance.asked.count == before)
        }
    }

    @Test func `what is still there is confirmed, once`() async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            #expect(try await jobs.recheck() == ["confirmed": 3, "withdrawn": 0])
            let asked = jobs.instance.asked.count
            #expect(try await jobs.recheck() == ["confirmed": 0, "withdrawn": 0])
            #expect(jobs.instance.asked.count == asked)
            #expect(try await jobs.candidates().count == 3)
        }
    }

    @Test func `a deleted status is no candidate any more`() async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            jobs.instance.statuses.withLock { $0.removeAll { $0.id == 2 } }
            #expect(try await jobs.recheck() == ["confirmed": 2, "withdrawn": 1])
            #expect(try await jobs.candidates().keys.sorted() == ["1", "3"])
        }
    }

    @Test func `an edit and new counters are in the store`() async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            jobs.instance.statuses.withLock {
                $0[1].tags = ["cats"]
                $0[1].content = "<p>Edited</p>"
                $0[1].editedAt = "2026-03-01T13:00:00.000Z"
                $0[0].favourites = 12
            }
            #expect(try await jobs.recheck() == ["confirmed": 3, "withdrawn": 0])
            let candidates = try await jobs.candidates()
            #expect(candidates["2"]?.tags == ["cats"] && candidates["3"]?.favourites == 12)
        }
    }

    @Test(arguments: ["sensitive", "unlisted", "discoverable", "indexable"])
    func `an edit or a profile that says no takes the status out`(change: String) async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            jobs.instance.statuses.withLock {
                switch change {
                case "sensitive": $0[1].sensitive = true
                case "unlisted": $0[1].visibility = "unlisted"
                default: $0[1].account[change] = "false"
                }
            }
            // What a status says of its author counts for all of theirs, at once.
            let isAboutAuthor = change == "discoverable" || change == "indexable"
            #expect(try await jobs.recheck() == (isAboutAuthor ? ["confirmed": 0, "withdrawn": 3] : ["confirmed": 2, "withdrawn": 1]))
            #expect(try await jobs.candidates().keys.sorted() == (isAboutAuthor ? [] : ["1", "3"]))
        }
    }

    @Test(arguments: [401, 429, 500, 503])
    func `an instance that does not answer takes nothing away`(status: Int) async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            jobs.instance.instead.withLock { $0 = { _ in ScriptedTimeline.Answer(status: status, body: "{}") } }
            let counts = try await jobs.recheck()
            #expect(counts["unanswered"] == 3 && counts["withdrawn"] == 0)
            #expect(try await jobs.candidates().count == 3)
        }
    }

    @Test(arguments: ["<html>", "{}", "[{"])
    func `an answer that is no list of statuses takes nothing away`(body: String) async throws {
        try await Self.read([3, 2, 1]) { jobs async throws in
            jobs.instance.instead.withLock { $0 = { _ in ScriptedTimeline.Answer(body: body) } }
            #expect(try await jobs.recheck()["withdrawn"] == 0)
            #expect(try await jobs.candidates().count == 3)
        }
    }
}
