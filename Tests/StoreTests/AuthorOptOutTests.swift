import Fediverse
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
            #expect(try await !statuses.optIn(authorID: id(2), source: .request, in: store.tenant, at: noon), "they never asked")
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

    @Test func `a second request keeps the time of the first`() async throws {
        try await TestStore.with { store in
            for hours in 0..<3 {
                _ = try await store.storage.statuses.optOut(authorID: id(1), source: .request, in: store.tenant, at: noon + .hours(Int64(hours)))
            }
            #expect(try await Self.why(1, in: store)?.requestedAt == noon)
        }
    }
}
