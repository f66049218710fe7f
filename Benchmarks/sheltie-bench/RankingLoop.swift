import Fediverse
import Privacy
import Recommender

/// One slate for a FULL reader with a history, out of an index of so many statuses.
func measureRanking(statuses: Int) {
    var random = SplitMix(state: 11)
    let now = Instant(microseconds: wallClock())
    let posts = (1...statuses).map { key in
        StoredPost(
            key: PostKey(Int64(key)), author: AuthorKey(Int64(random.draw(statuses / 10 + 1) + 1)), localID: String(key),
            createdAt: now - .minutes(Int64(random.draw(9_000))), language: "en", favourites: random.draw(200), reblogs: random.draw(50),
            replies: random.draw(20), tags: (0..<random.draw(4)).map { _ in "tag\(random.draw(300))" },
            ownScore: Double(random.draw(10)), publicScore: Double(random.draw(100)))
    }
    let index = CandidateIndex(SnapshotChanges(version: 1, changed: posts, removed: [], complete: true))
    var history = ReaderHistory()
    for _ in 0..<40 {
        history.authors[AuthorKey(Int64(random.draw(statuses / 10) + 1))] = .init(
            score: Double(random.draw(100)) / 100, interactions: random.draw(9) + 1, lastAt: now)
    }
    for _ in 0..<30 { history.tags["tag\(random.draw(300))"] = Double(random.draw(9) + 1) }
    for _ in 0..<200 { history.actedOn.insert(PostKey(Int64(random.draw(statuses) + 1))) }

    let recommender = TimelineRecommender()
    let batch = recommender.candidates(for: history, level: .full, from: index, size: 20, at: now, seed: 5)
    report("candidates", Double(batch.count))
    let rounds = 2_000
    for _ in 0..<100 { use(recommender.rank(batch)) }
    var start = processTime()
    for _ in 0..<rounds { use(recommender.rank(batch)) }
    report("rank", (processTime() - start) / Double(rounds) * 1e6)
    start = processTime()
    for _ in 0..<rounds { use(recommender.slate(for: history, level: .full, from: index, size: 20, at: now, seed: 5)) }
    report("slate", (processTime() - start) / Double(rounds) * 1e6)
}

/// SplitMix64: the same statuses on every run.
private struct SplitMix {
    var state: UInt64

    mutating func draw(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, limit)))
    }
}
