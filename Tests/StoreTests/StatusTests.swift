import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

@Suite(.onEveryEngine) struct StatusTests {
    @Test func `a status with a NUL byte is kept without it, and its page with it`() async throws {
        try await TestStore.with { store in
            #expect(try await store.keep([.status(1, content: "a\0b", tags: ["c\0d"]), .status(2)]) == 2)
            #expect(try await store.keep([.status(1, content: "a\0b", tags: ["c\0d"])], at: noon + .hours(1)) == 0)
            let posts = try await store.storage.recentPosts(limit: 5, tag: "cd", in: store.tenant)
            #expect(posts.map(\.content) == ["ab"] && posts.map(\.tags) == [["cd"]])
        }
    }

    @Test func `the same page twice leaves the same database`() async throws {
        try await TestStore.with { store in
            let page = (1...40).map { KeptStatus.status($0, by: $0 % 7, favourites: $0) }
            let cursor = IngestCursor(source: "public", newestID: "local-40")
            #expect(try await store.storage.statuses.keep(page, cursor: cursor, in: store.tenant, at: noon) == 40)
            let first = try await store.dump()
            #expect(try await store.storage.statuses.keep(page, cursor: cursor, in: store.tenant, at: noon) == 0)
            #expect(try await store.dump() == first)
            #expect(try await store.storage.statuses.cursor(of: "public", in: store.tenant) == cursor)
        }
    }

    @Test func `an older text does not replace a newer one`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, content: "first")])
            try await store.keep([.status(1, content: "second", editedAt: noon, tags: ["cats"])])
            try await store.keep([.status(1, content: "first", favourites: 9)])
            try await store.keep([.status(1, content: "before", favourites: 9, editedAt: noon - .hours(1))])
            #expect(try await store.rows("SELECT content, tags, favorites FROM post_metadata")
                == [[.text("second"), .text(#"["cats"]"#), .integer(0)]])
        }
    }

    @Test func `growth counts from the second sight on, and never backwards`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, favourites: 100)])
            try await store.keep([.status(1, favourites: 103, reblogs: 2)], at: noon + .hours(1))
            try await store.keep([.status(1, favourites: 90, reblogs: 2, replies: 1)], at: noon + .hours(2))
            #expect(try await store.changes().changed.map(\.publicScore) == [6])
            #expect(try await store.changes().changed.map(\.favourites) == [90])
            #expect(try await store.changes(at: noon + .days(6)).changed.map(\.publicScore) == [6])
            #expect(try await store.changes(at: noon + .days(7)).changed.map(\.publicScore) == [0])
        }
    }

    @Test func `a text that its retention removed comes back with a newer edit only`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, content: "old", createdAt: noon - .days(8))])
            let step = RetentionStep(what: .postContent, level: nil, age: .days(7))
            #expect(try await store.storage.retention.carryOut(step, in: store.tenant, at: noon, limit: 10) == 1)
            try await store.keep([.status(1, content: "old", favourites: 1, createdAt: noon - .days(8))])
            #expect(try await store.rows("SELECT content, favorites FROM post_metadata") == [[.null, .integer(1)]])
            try await store.keep([.status(1, content: "new", createdAt: noon - .days(8), editedAt: noon)])
            #expect(try await store.rows("SELECT content FROM post_metadata") == [[.text("new")]])
        }
    }

    @Test func `a stub becomes a candidate and a candidate a stub`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, viewer)
            #expect(try await store.changes().changed.isEmpty)
            try await store.keep([.status(1, favourites: 50)])
            let kept = try await store.changes()
            #expect(kept.changed.map(\.localID) == ["local-1"] && kept.changed[0].publicScore == 0)
            try await store.keep([.status(1, favourites: 60)])
            #expect(try await store.storage.statuses.withdraw(localIDs: ["local-1", "local-2"], in: store.tenant, at: noon) == 1)
            #expect(try await store.rows("SELECT eligible, content, local_id, favorites, checked_at FROM post_metadata")
                == [[.integer(0), .null, .null, .integer(0), .null]])
            #expect(try await store.count("item_popularity_daily") == 0)
            #expect(try await store.changes(since: kept.version).removed == kept.changed.map(\.key))
            #expect(try await store.count("user_interactions") == 1)
        }
    }

    @Test func `what nobody refers to is gone with its withdrawal`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2, by: 2)])
            #expect(try await store.storage.statuses.withdraw([id(1), id(3)], in: store.tenant, at: noon) == 1)
            #expect(try await store.rows("SELECT post_id FROM post_metadata") == [[.text(id(2))]])
            #expect(try await store.rows("SELECT author_id FROM authors") == [[.text(id(2))]])
        }
    }

    @Test func `beyond the limit the oldest go`() async throws {
        try await TestStore.with(candidateLimit: 3) { store in
            try await store.keep((1...5).map { .status($0, createdAt: noon - .hours(Int64($0))) })
            let changes = try await store.changes()
            #expect(Set(changes.changed.map(\.localID)) == ["local-1", "local-2", "local-3"])
        }
    }

    @Test func `batch after batch, the limit holds and the newest stay`() async throws {
        try await TestStore.with(candidateLimit: 40) { store in
            for batch in 0..<30 {
                let first = batch * 3 + 1
                try await store.keep((first..<first + 3).map { .status($0, createdAt: noon + .minutes(Int64($0))) })
                let kept = Set(try await store.changes().changed.map(\.localID))
                #expect(kept == Set((max(1, first + 2 - 39)...first + 2).map { "local-\($0)" }))
            }
        }
    }

    @Test func `a count is trusted for a tenth of the limit, and no more after a failure`() {
        let room = CandidateRoom()
        let tenant = TenantKey(1)
        #expect(!room.take(1, of: tenant))
        room.set(30, of: tenant, limit: 200)
        #expect(room.take(20, of: tenant))
        #expect(!room.take(1, of: tenant))
        room.set(5, of: tenant, limit: 200)
        room.forget(tenant)
        #expect(!room.take(1, of: tenant))
        #expect(room.take(0, of: tenant))
    }

    @Test func `an opt-out takes everything of the author, and lasts`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1, by: 5), .status(2, by: 6)])
            try await store.act(on: 1, by: 5, viewer)
            try await store.act(on: 3, by: 5, viewer)
            try await store.show([store.key(1)], to: viewer)
            let less = Suppression(subject: .author(id: id(5)), setAt: noon)
            try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: viewer)))
            let before = try await store.changes()
            let gone = try await store.key(1)
            #expect(try await store.storage.statuses.optOut(authorID: id(5), source: .profile, in: store.tenant, at: noon) == 2)
            for table in ["user_interactions", "author_preferences", "recommendation_logs", "suppressions"] {
                #expect(try await store.count(table) == 0, "\(table)")
            }
            #expect(try await store.rows("SELECT post_id FROM post_metadata") == [[.text(id(2))]])
            #expect(try await store.changes(since: before.version).removed == [gone])
            #expect(try await store.keep([.status(4, by: 5)]) == 0)
            #expect(try await store.storage.statuses.optOut(authorID: id(5), source: .listing, in: store.tenant, at: noon) == 0)
        }
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `a post that began with a stand-in gets its author, and what people said of the stand-in goes there`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(level)
            // 91 and 92 stand in for the author 5 of posts 1 and 2.
            try await store.act(on: 1, by: 91, viewer)
            try await store.act(on: 2, by: 92, viewer)
            let less = Suppression(subject: .author(id: id(91)), setAt: noon)
            try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: viewer)))
            try await store.keep([.status(1, by: 5)])
            try await store.keep([.status(2, by: 5), .status(3, by: 5)])
            #expect(try await store.rows("SELECT author_id FROM authors") == [[.text(id(5))]])
            #expect(try await store.rows("SELECT subject FROM suppressions") == [[.text(id(5))]])
            #expect(try await store.rows("SELECT interaction_count FROM author_preferences") == [[.integer(2)]])
            #expect(try await store.storage.statuses.optOut(authorID: id(5), source: .profile, in: store.tenant, at: noon) == 3)
            for table in ["post_metadata", "authors", "user_interactions", "author_preferences", "suppressions"] {
                #expect(try await store.count(table) == 0, "\(table)")
            }
        }
    }

    @Test func `what expired rows left with a stand-in counts for the author`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, by: 91, viewer)
            try await store.keep([.status(1, by: 91)])
            let late = noon + .days(91)
            let step = try #require(RetentionPolicy().steps.first { $0.what == .interactions && $0.level == .full })
            _ = try await store.storage.retention.carryOut(step, in: store.tenant, at: late, limit: 10)
            #expect(try await store.rows("SELECT interaction_count, carried_count FROM author_preferences") == [[.integer(1), .integer(1)]])
            try await store.keep([.status(1, by: 5)], at: late)
            #expect(try await store.rows("""
                SELECT a.author_id, r.interaction_count, r.carried_count FROM author_preferences r
                JOIN authors a ON a.tenant_id = r.tenant_id AND a.author_key = r.author_key
                """) == [[.text(id(5)), .integer(1), .integer(1)]])
        }
    }

    @Test func `a candidate whose author turns out to have opted out is taken out of the snapshots, too`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, by: 91, viewer)
            try await store.keep([.status(1, by: 91), .status(2, by: 6)])
            let before = try await store.changes()
            let gone = try await store.key(1)
            _ = try await store.storage.statuses.optOut(authorID: id(5), source: .profile, in: store.tenant, at: noon)
            #expect(try await store.keep([.status(1, by: 5)]) == 0)
            #expect(try await store.rows("SELECT post_id FROM post_metadata") == [[.text(id(2))]])
            #expect(try await store.count("user_interactions") == 0)
            #expect(try await store.count("author_preferences") == 0)
            #expect(try await store.changes(since: before.version).removed == [gone])
        }
    }

    @Test func `a status is confirmed when it is seen, and asked for again later`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)], at: noon - .hours(30))
            try await store.keep([.status(2)], at: noon - .hours(28))
            try await store.keep([.status(3)], at: noon - .hours(1))
            try await store.keep([.status(4, localID: nil)], at: noon - .hours(29))
            let statuses = store.storage.statuses
            #expect(try await statuses.unconfirmed(since: noon - .hours(24), limit: 10, in: store.tenant) == ["local-1", "local-2"])
            #expect(try await statuses.unconfirmed(since: noon - .hours(24), limit: 1, in: store.tenant) == ["local-1"])
            try await statuses.confirm([id(1)], in: store.tenant, at: noon)
            #expect(try await statuses.unconfirmed(since: noon - .hours(24), limit: 10, in: store.tenant) == ["local-2"])
        }
    }

    @Test func `a cursor keeps the instance's wish`() async throws {
        try await TestStore.with { store in
            let cursor = IngestCursor(source: "tag:swift", newestID: "9", notBefore: noon + .hours(1), refusal: "rate-limit")
            try await store.storage.statuses.setCursor(cursor, in: store.tenant, at: noon)
            #expect(try await store.storage.statuses.cursor(of: "tag:swift", in: store.tenant) == cursor)
            #expect(try await store.storage.statuses.cursor(of: "public", in: store.tenant) == nil)
        }
    }

    @Test func `tenants never see each other's rows`() async throws {
        try await TestStore.with { store in
            let other = try await store.storage.tenant(domain: "other.example", at: noon)
            try await store.storage.registerKey(id: "key-1", in: other, at: noon)
            try await store.keep([.status(1)])
            _ = try await store.storage.statuses.optOut(authorID: id(1), source: .request, in: other, at: noon)
            #expect(try await store.storage.statuses.withdraw([id(1)], in: other, at: noon) == 0)
            #expect(try await store.storage.recommender.changes(in: other, since: nil, at: noon).changed.isEmpty)
            #expect(try await store.changes().changed.count == 1)
            try await store.viewer(.full)
            #expect(try await store.storage.people.viewer(alias(1), in: other).key == nil)
        }
    }
}
