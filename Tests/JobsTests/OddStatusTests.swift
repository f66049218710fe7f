import Fediverse
import Recommender
import Store
import Synchronization
import Testing

@testable import Jobs

/// One status that does not fit what is stored costs neither the others of its page nor the next runs.
struct OddStatusTests {
    @Test func `a status with a long language, long tags and zero bytes is kept in the form that fits, and the others with it`() async throws {
        let timeline = ScriptedTimeline([4, 3, 2, 1])
        timeline.statuses.withLock {
            $0[1].language = "ca-ES-valencia"
            $0[1].tags = [String(repeating: "a", count: 243), "dogs", #"nul\u0000l"#, String(repeating: "b", count: 242)]
            $0[1].content = #"<p>a\u0000b</p>"#
            $0[1].favourites = .max
        }
        try await JobWorld.with(timeline) { jobs async throws in
            #expect(try await jobs.ingest()["kept"] == 4)
            #expect(try await jobs.cursor()?.newestID == "4")
            let odd = try #require(try await jobs.candidates()["3"])
            #expect(odd.language == "ca" && odd.tags == ["dogs", String(repeating: "b", count: 242)] && odd.favourites == 2_147_483_647)
            let found = try await jobs.storage.posts(containing: ["ab"], limit: 10, in: jobs.tenant)
            #expect(found.map(\.localID) == ["3"])
            #expect(try await jobs.ingest()["kept"] == 0)
            jobs.clock.pass(.hours(23))
            #expect(try await jobs.recheck() == ["confirmed": 4, "withdrawn": 0])
        }
    }

    @Test(arguments: [
        ("en", "en"), ("pt-BR", "pt-BR"), ("zh-Hant-TW", "zh-Hant-TW"), ("ca-ES-valencia", "ca"), ("zh-Hant-TWN-x", "zh"), ("e", nil),
        ("", nil), ("english", nil), ("-en", nil), ("en-", nil), ("en_US", nil), ("日本", nil), ("en\u{0}", nil), (nil, nil),
    ] as [(String?, String?)])
    func `a language is a tag that fits, or its first part, or none`(tag: String?, stored: String?) {
        #expect(StoredForm.language(tag) == stored)
    }

    @Test func `a text is cut between two characters, and tags while they fit`() {
        #expect(StoredForm.content(String(repeating: "ü", count: 40_000)).utf8.count == 65_536)
        #expect(StoredForm.content(String(repeating: "あ", count: 30_000)).utf8.count == 65_535)
        #expect(StoredForm.tags((1...30).map { _ in String(repeating: "t", count: 197) }).count == 9)
        #expect(StoredForm.id(String(repeating: "1", count: 256)) == nil && StoredForm.id("a\u{0}") == nil && StoredForm.id("") == nil)
    }

    @Test func `a status that the database refuses is counted, and the others are kept with the cursor`() async throws {
        try await JobWorld.with { jobs async throws in
            func status(_ number: Int, language: String = "en") -> KeptStatus {
                KeptStatus(
                    postID: "post-\(number)", authorID: String(repeating: "a", count: 64), localID: "\(number)", language: language,
                    createdAt: jobs.clock.now)
            }
            var judgement = StatusIntake.Judgement()
            judgement.kept = [status(1), status(2, language: "much-too-long"), status(3)]
            judgement.malformed = 1
            let cursor = IngestCursor(source: "public", newestID: "3")
            let outcome = try await jobs.storage.statuses.carryOut(judgement, cursor: cursor, in: jobs.tenant, at: jobs.clock.now)
            #expect(outcome == (kept: 2, gone: 0, malformed: 2))
            #expect(try await jobs.candidates().keys.sorted() == ["1", "3"])
            #expect(try await jobs.cursor() == cursor)
            // None of several: then something else is wrong, and the cursor stays.
            judgement.kept = [status(4, language: "much-too-long"), status(5, language: "much-too-long")]
            await #expect(throws: StatusRefused()) {
                _ = try await jobs.storage.statuses.carryOut(
                    judgement, cursor: IngestCursor(source: "public", newestID: "5"), in: jobs.tenant, at: jobs.clock.now)
            }
            #expect(try await jobs.cursor() == cursor)
        }
    }
}
