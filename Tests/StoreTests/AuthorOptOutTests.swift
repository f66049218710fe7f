import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

/// An author is left alone as long as one of the reasons stands; of several reasons each is taken back by itself.
@Suite(.onEveryEngine) struct AuthorOptOutTests {
    private static func why(_ author: Int, in store: TestStore) async throws -> AuthorOptOut? {
        try await store.storage.statuses.optOut(of: id(author), in: store.tenant)
    }

    @Test func `a request is taken back by a request, and then the author is kept again`() async throws {
        try await TestStore.with { store in
            let statuses = store.storage.statuses
            try await store.keep([.status(1), .status(2, by: 2)])
            #expect(try await statuses.optOut(authorID: id(1), source: .request, in: store.tenant, at: noon) == 1)
            #expect(try await Self.why(1, in: store) == AuthorOptOut(hasTag: false, requestedAt: noon, listedAt: nil))
            #expect(try await store.keep([.status(3)]) == 0)
            #expect(try await !statuses.optIn(authorID: id(1), source: .listing, in: store.tenant, at: noon), "the operator entered nothing")
            #expect(try await store.keep([.status(3)]) == 0)
            #expect(try await statuses.optIn(authorID: id(1), source: .request, in: store.tenant, at: noon))
            #expect(try await Self.why(1, in: store) == nil)
            #expect(try await store.keep([.status(3)]) == 1)
            // Nobody on the list: nothing stands in the way either.
            #expect(try await statuses.optIn(authorID: id(2), source: .request, in: store.tenant, at: noon))
        }
    }

    @Test func `of a tag that was seen nothing takes it back, whatever came before it`() async throws {
        try await TestStore.with { store in
            let statuses = store.storage.statuses
            for source in [OptOutSource.request, .profile, .listing] {
                _ = try await statuses.optOut(authorID: id(1), source: source, in: store.tenant, at: noon)
            }
            #expect(try await statuses.optOutCounts(in: store.tenant) == [.profile: 1, .request: 1, .listing: 1])
            for source in OptOutSource.allCases {
                #expect(try await !statuses.optIn(authorID: id(1), source: source, in: store.tenant, at: noon))
            }
            #expect(try await Self.why(1, in: store) == AuthorOptOut(hasTag: true, requestedAt: nil, listedAt: nil))
            #expect(try await store.keep([.status(1)]) == 0)
        }
    }

    @Test func `the operator's entry outlives the author's request, and the other way round`() async throws {
        try await TestStore.with { store in
            let statuses = store.storage.statuses
            for (author, first, second) in [(1, OptOutSource.request, OptOutSource.listing), (2, .listing, .request)] {
                _ = try await statuses.optOut(authorID: id(author), source: first, in: store.tenant, at: noon)
                _ = try await statuses.optOut(authorID: id(author), source: second, in: store.tenant, at: noon + .hours(1))
                #expect(try await !statuses.optIn(authorID: id(author), source: first, in: store.tenant, at: noon))
                #expect(try await store.keep([.status(author, by: author)]) == 0)
                #expect(try await statuses.optIn(authorID: id(author), source: second, in: store.tenant, at: noon))
            }
            #expect(try await statuses.optOutCounts(in: store.tenant) == [.profile: 0, .request: 0, .listing: 0])
        }
    }

    @Test func `what is written at the moment of an opt-out does not outlive it`() async throws {
        try await TestStore.with { store in
            let (statuses, tenant) = (store.storage.statuses, store.tenant)
            let viewer = try await store.viewer(.full)
            for round in 1...40 {
                try await store.keep([.status(round, by: round)])
                // They begin together; who comes first is chance.
                async let acted = store.act(on: round, by: round, viewer)
                async let kept = statuses.keep([.status(100 + round, by: round)], cursor: nil, in: tenant, at: noon)
                async let removed = statuses.optOut(authorID: id(round), source: .request, in: tenant, at: noon)
                async let withdrawn = statuses.withdraw(authors: [id(round)], in: tenant, at: noon)
                async let forgotten = statuses.remove(authors: [id(round)], in: tenant, at: noon)
                _ = try await (acted, kept, removed, withdrawn, forgotten)
            }
            for table in ["authors", "post_metadata", "user_interactions", "author_preferences"] {
                #expect(try await store.count(table) == 0, "\(table)")
            }
        }
    }

    @Test func `of denied authors everything goes, and nobody is put on a list`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1), .status(2, by: 2), .status(3)])
            try await store.act(on: 4, viewer)
            #expect(try await store.storage.statuses.remove(authors: [id(1), id(9)], in: store.tenant, at: noon) == 3)
            #expect(try await store.rows("SELECT post_id FROM post_metadata") == [[.text(id(2))]])
            #expect(try await store.count("user_interactions") == 0)
            #expect(try await store.count("author_opt_outs") == 0)
            #expect(try await store.keep([.status(1)]) == 1)
        }
    }

    @Test func `what one status tells of its author takes all their candidates back, and leaves acts on them`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1), .status(2, by: 2), .status(3)])
            try await store.act(on: 1, viewer)
            #expect(try await store.storage.statuses.withdraw(authors: [id(1), id(9)], in: store.tenant, at: noon) == 2)
            #expect(try await store.changes().changed.map(\.localID) == ["local-2"])
            #expect(try await store.count("user_interactions") == 1)
            #expect(try await store.storage.statuses.candidates(among: ["local-1", "local-2"], in: store.tenant) == ["local-2"])
        }
    }

    @Test func `a second request keeps the time of the first`() async throws {
        try await TestStore.with { store in
            for hours in 0..<3 {
                _ = try await store.storage.statuses.optOut(authorID: id(1), source: .request, in: store.tenant, at: noon + .hours(Int64(hours)))
            }
            #expect(try await Self.why(1, in: store)?.requestedAt == noon)
        }
    }
}
